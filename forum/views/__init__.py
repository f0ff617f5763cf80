"""What the browser asks for. Views are thin: they read through `tables`, write through `actions`.

`reading` holds the cached pages, `posting` the forms; `caching` joins pages to the page cache, `holes`
fills in what differs between readers, `rows` shapes what templates show, `errors` says what failed.
"""
