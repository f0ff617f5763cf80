"""The site: the forum, accounts (allauth), Django admin."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

# One way in: Django admin's own sign-in page knows neither the throttle nor the second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("", include("forum.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/two-factor/", include("allauth.mfa.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "forum.views.errors.bad_request"
handler403 = "forum.views.errors.forbidden"
handler404 = "forum.views.errors.not_found"
handler429 = "forum.views.errors.too_many_requests"
handler500 = "forum.views.errors.server_error"
