"""PDFs are set with our own font, and nobody's words are markup."""

import io
import json

import typst
from pypdf import PdfReader

from core.paper import FONTS, typeset

DATA = {
    "language": "zh",
    "title": "解决时间",
    "ticket": "INC-1042 打印机冒烟 #panic() $x$ *bold*",
    "printed": "2026年11月23日",
    "facts": [["协议", "金牌"]],
    "head": ["从", "到", "内容", "计入"],
    "lines": [
        {"cells": ["1", "2", "3 个工作日", "24h"], "kind": "folded", "is_part": False},
        {"cells": ["1", "2", "运行", "8h"], "kind": "running", "is_part": True},
    ],
    "sum": ["合计", "24h"],
    "steps_title": "升级步骤",
    "steps": [["1", "2", "3"]],
}


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def fonts_of(pdf: bytes) -> set[str]:
    page = PdfReader(io.BytesIO(pdf)).pages[0]
    return {font.get_object()["/BaseFont"].split("+")[-1] for font in page["/Resources"]["/Font"].values()}


def test_chinese_and_markup_are_printed_as_they_are():
    text = text_of(typeset("work/account.typ", DATA))
    assert "解决时间" in text
    assert "#panic() $x$ *bold*" in text
    assert "合计" in text


def test_the_font_is_ours_where_the_machine_has_none(settings):
    source = settings.BASE_DIR / "templates" / "work" / "account.typ"
    pdf = typst.compile(
        source, font_paths=[FONTS], ignore_system_fonts=True, sys_inputs={"data": json.dumps(DATA)}, format="pdf"
    )
    assert "打印机冒烟" in text_of(pdf)
    assert fonts_of(pdf) == {"NotoSansCJKsc-Regular-Identity-H"}
