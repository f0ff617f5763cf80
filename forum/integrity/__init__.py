"""Whether what is stored fits together: what `manage.py check-data` looks at. `reading` reads all of it into a journal,
`threads`, `members`, `forums` and `cases` say what does not fit, and how it can be mended."""
