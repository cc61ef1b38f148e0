"""Downloads, through the same gate as the subject itself."""

from django.contrib.auth.decorators import login_required
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from accounts.http import UserRequest
from files import gate
from files.models import StoredFile


@require_safe
@login_required
def download(request: UserRequest, key: str) -> FileResponse:
    """The bytes, always as an attachment and never sniffed; 404 for everybody the subject is hidden from."""
    file = get_object_or_404(StoredFile, key=key)
    if not gate.can_read(request.user, file) or not default_storage.exists(file.path):
        raise Http404
    response = FileResponse(default_storage.open(file.path), as_attachment=True, filename=file.name)
    response["Content-Type"] = file.content_type
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, no-store"
    return response
