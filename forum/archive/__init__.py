"""All of a forum's data on its way out of it, into it, and between forums: what `manage.py export`, `import` and
`convert` do. `lines` says what a file of it looks like."""
