"""Stored files of any subject. The bytes lie outside the web root under a random key; who may read them is asked of
the subject's own app (files/gate.py)."""

import secrets

from django.conf import settings
from django.db import models


def random_key() -> str:
    return secrets.token_hex(20)


class StoredFile(models.Model):
    """`subject_kind` and `subject_id` name the row the file belongs to ("entry", 7). `content_type` is what the bytes
    are, not what the sender called them. `size` in bytes."""

    key = models.CharField(max_length=40, unique=True, default=random_key)
    subject_kind = models.CharField(max_length=30)
    subject_id = models.BigIntegerField()
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["subject_kind", "subject_id"], name="files_storedfile_subject")]

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> str:
        """Relative to the storage; two levels so that no folder grows without bound."""
        return f"{self.key[:2]}/{self.key[2:4]}/{self.key}"
