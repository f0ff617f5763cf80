"""The one router: what is read and what is written at one address has to stand in one."""

from ninja import Router

router = Router()
READING, OWN, WRITING, MODERATING = "Reading", "Your own", "Writing", "Moderating"
