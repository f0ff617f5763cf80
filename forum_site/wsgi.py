"""What gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

from forum_site import front

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "forum_site.settings")
application: front.Application = get_wsgi_application()
if front.wanted():
    application = front.before(application)
