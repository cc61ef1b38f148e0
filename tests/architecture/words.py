"""The English words of a page that people see or hear, for the tests of the languages."""

import re

NAMES = {"Portico", "TOTP", "CSV", "PDF", "ICS", "Webhook", "API", "OpenAPI", "Swagger", "UTC", "Markdown", "SLA", "English", "en", "zh"}  # fmt: skip
_WORD = re.compile(r"[A-Za-z]{2,}")
_SPOKEN = re.compile(r'\s(?:aria-label|title|placeholder|alt|label|data-shortcut-label)="([^"]*)"')
_UNSPOKEN = re.compile(r"<(script|style|svg|code|kbd|pre|relative-time)\b.*?</\1>|<!--.*?-->", re.DOTALL)
_TAG = re.compile(r"""<(?:"[^"]*"|'[^']*'|[^>"'])*>|\b[\w:.-]+="[^"]*"|&#?\w+;""")


def english_words(html: str, *, names: frozenset[str] = frozenset()) -> list[str]:
    """In the order of the page, spoken attributes first. `names` are texts that are nobody's to translate."""
    html = _UNSPOKEN.sub(" ", html)
    text = " ".join([*_SPOKEN.findall(html), _TAG.sub(" ", html)])
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, " ")
    return [word for word in _WORD.findall(text) if word not in NAMES]
