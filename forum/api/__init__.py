"""The JSON API: reading and writing as on the pages, for programs. See docs/api.md.

`door` says who asks, `shapes` what is answered, `reading` and `personal` read, `writing` acts through `forum.actions`
as the pages do, `site` puts it together, `document` renders its description.
"""
