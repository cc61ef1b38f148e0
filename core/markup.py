"""Markdown in, clean HTML out: the only place where people's text becomes markup."""

import nh3
from markdown_it import MarkdownIt

_markdown = MarkdownIt("commonmark", {"html": False, "breaks": True, "linkify": False}).enable(
    ["table", "strikethrough"]
)

_TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "hr", "li", "ol", "p", "pre", "s",
    "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}


def render_markdown(text: str) -> str:
    """HTML of `text` that is safe to show to anyone: no raw HTML, no images (a remote image tells who read it and
    when), links only to http, https, mailto and tel, each with rel=noopener."""
    return clean_html(_markdown.render(text))


def clean_html(html: str) -> str:
    """Somebody's HTML as far as it may be shown: the tags and links that Markdown makes, nothing remote, no style."""
    return nh3.clean(
        html,
        tags=_TAGS,
        clean_content_tags={"script", "style", "title"},
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer nofollow",
    )
