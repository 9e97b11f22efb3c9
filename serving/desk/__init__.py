"""The desk: pages for people, at `/desk`.

Server-rendered; every page works without JavaScript. Who may do what is in `roles`, who
is signed in in `visitor`, what every page shares in `page`.
"""
