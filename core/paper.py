"""Paper: a Typst template and its data become a PDF, with fonts of our own, so that Chinese needs none of the machine's.

The data arrive as JSON and are never read as markup: nobody's words can change the document.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typst
from django.conf import settings
from django.http import HttpResponse

FONTS = Path(__file__).parent / "fonts"


def typeset(template: str, data: Mapping[str, Any]) -> bytes:
    """The PDF of `template` (a .typ file below templates/) with `data`, which it reads as `json(bytes(sys.inputs.data))`.
    Signs that our font does not have are taken from the machine's fonts where these have them."""
    source = Path(settings.BASE_DIR) / "templates" / template
    return typst.compile(
        source,
        font_paths=[FONTS],
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        format="pdf",
    )


def as_pdf(content: bytes, name: str) -> HttpResponse:
    """The answer that a browser shows and saves under `name`."""
    disposition = f'inline; filename="{name}"'
    return HttpResponse(content, content_type="application/pdf", headers={"Content-Disposition": disposition})
