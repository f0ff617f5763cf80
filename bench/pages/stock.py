"""Settings of a site that keeps pages by Django's own cache middleware, with the same page as the forum's.

It has what a site must have for that and no more: no sessions, and a view that costs nothing.
"""

import os
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.urls import re_path

PAGE = Path(os.environ["BENCH_PAGE"]).read_bytes()

SECRET_KEY = "of a benchmark"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = __name__
USE_TZ = True
# The cache's first part is outermost, so that what it keeps is compressed already.
MIDDLEWARE = [
    "django.middleware.cache.UpdateCacheMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.cache.FetchFromCacheMiddleware",
]
CACHES = {"default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": os.environ["BENCH_CACHE_URL"]}}


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(PAGE)


urlpatterns = [re_path("", page)]
