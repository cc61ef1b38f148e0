"""Taking files in: limits first, then the type by content, then the bytes under a random key."""

import hashlib
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import BinaryIO

import puremagic
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from files.models import StoredFile

# What a desk exchanges. Active content (HTML, SVG, scripts, programs) is not on the list whatever it is named.
ALLOWED = {
    "7z": "application/x-7z-compressed", "bmp": "image/bmp", "csv": "text/csv", "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "eml": "message/rfc822",
    "gif": "image/gif", "gz": "application/gzip", "jpeg": "image/jpeg", "jpg": "image/jpeg", "json": "application/json",
    "log": "text/plain", "md": "text/plain", "mp4": "video/mp4", "msg": "application/vnd.ms-outlook",
    "odp": "application/vnd.oasis.opendocument.presentation", "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odt": "application/vnd.oasis.opendocument.text", "pcap": "application/vnd.tcpdump.pcap", "pdf": "application/pdf",
    "png": "image/png", "ppt": "application/vnd.ms-powerpoint",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation", "tif": "image/tiff",
    "tiff": "image/tiff", "txt": "text/plain", "webp": "image/webp", "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "zip": "application/zip",
}  # fmt: skip
_TEXT = {"csv", "eml", "json", "log", "md", "txt"}
_FORBIDDEN_CONTENT = {".html", ".htm", ".svg", ".exe", ".dll", ".elf", ".js", ".php", ".sh", ".jar", ".class", ".swf"}
_ACTIVE_MARKS = (b"<!doctype html", b"<html", b"<svg", b"<script", b"<?php", b"#!/")


def validate_files(uploads: Sequence[UploadedFile]) -> None:
    """Every problem of every file at once. Raises ValidationError with one message per file, each naming the limit."""
    problems = []
    if len(uploads) > settings.FILES_PER_ENTRY:
        problems.append(
            ngettext(
                "At most %(limit)d file can be attached at once.",
                "At most %(limit)d files can be attached at once.",
                settings.FILES_PER_ENTRY,
            )
            % {"limit": settings.FILES_PER_ENTRY}
        )
    problems += [message for upload in uploads if (message := _problem(upload))]
    if problems:
        raise ValidationError(problems)


def store_files(
    *, uploads: Sequence[UploadedFile], subject_kind: str, subject_id: int, actor: User, now: datetime
) -> list[StoredFile]:
    """Write the bytes and their rows. Call `validate_files` first; this validates again, so no door forgets it.

    If the surrounding transaction is rolled back the bytes stay as unreachable orphans under random keys.
    """
    validate_files(uploads)
    return [
        _store(upload, subject_kind=subject_kind, subject_id=subject_id, actor=actor, now=now) for upload in uploads
    ]


def clean_name(name: str) -> str:
    """The last part of `name` without control characters, at most 200 characters, its ending kept."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    plain = "".join(c for c in unicodedata.normalize("NFC", last) if unicodedata.category(c)[0] != "C").strip(" .")
    stem, dot, ending = plain.rpartition(".")
    return f"{stem[:180]}{dot}{ending[:19]}" or "file"


def _problem(upload: UploadedFile) -> str | None:
    name = clean_name(upload.name or "")
    ending = name.rpartition(".")[2].lower()
    size = upload.size or 0
    if size > settings.FILE_MAX_BYTES:
        limit = filesizeformat(settings.FILE_MAX_BYTES)
        return _("%(name)s is %(size)s; the limit is %(limit)s.") % {
            "name": name, "size": filesizeformat(size), "limit": limit,
        }  # fmt: skip
    if size == 0:
        return _("%(name)s is empty.") % {"name": name}
    if ending not in ALLOWED:
        return _("%(name)s: files of the kind “.%(ending)s” are not accepted. Accepted: %(accepted)s.") % {
            "name": name, "ending": ending, "accepted": ", ".join(sorted(ALLOWED)),
        }  # fmt: skip
    if not _content_fits(upload, ending):
        return _("%(name)s does not contain what its name says (“.%(ending)s”).") % {"name": name, "ending": ending}
    return None


def _content_fits(upload: UploadedFile, ending: str) -> bool:
    upload.seek(0)
    head = upload.read(8192)
    upload.seek(0)
    if ending in _TEXT:
        return b"\x00" not in head and not head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_ACTIVE_MARKS)
    try:
        found = {match.extension.lower() for match in puremagic.magic_string(head, filename=None)}
    except puremagic.PureError:
        return False
    if found & _FORBIDDEN_CONTENT and f".{ending}" not in found:
        return False
    return bool(found & _family(ending))


def _family(ending: str) -> set[str]:
    """Endings that carry the same signature: Office files are zip archives, jpg is jpeg."""
    families: list[set[str]] = [
        {".jpg", ".jpeg", ".jpe", ".jfif"},
        {".tif", ".tiff"},
        {".zip", ".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp"},
        {".doc", ".xls", ".ppt", ".msg"},
        {".pcap", ".cap", ".dmp"},
        {".gz", ".tgz"},
    ]
    return next((family for family in families if f".{ending}" in family), {f".{ending}"})


def _store(upload: UploadedFile, *, subject_kind: str, subject_id: int, actor: User, now: datetime) -> StoredFile:
    name = clean_name(upload.name or "")
    file = StoredFile(
        subject_kind=subject_kind,
        subject_id=subject_id,
        name=name,
        content_type=ALLOWED[name.rpartition(".")[2].lower()],
        size=upload.size or 0,
        sha256=_digest(upload),
        uploaded_by=actor,
        uploaded_at=now,
    )
    default_storage.save(file.path, upload)
    file.save(force_insert=True)
    return file


def _digest(upload: BinaryIO | UploadedFile) -> str:
    digest = hashlib.sha256()
    upload.seek(0)
    while block := upload.read(1 << 16):
        digest.update(block)
    upload.seek(0)
    return digest.hexdigest()
