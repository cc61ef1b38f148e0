"""One form field for files, so that every form that takes them keeps the same limits."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from files.services import validate_files


class FileInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files; cleans to a list. Every refused file is one message that names it and its limit."""

    widget = FileInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"label": _("Files"), "required": False, **kwargs})

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:  # noqa: ARG002 (Django's signature)
        uploads: list[UploadedFile] = list(data or [])
        validate_files(uploads)
        return uploads
