import pytest

from core.markup import render_markdown


class TestRenderMarkdown:
    def test_renders_what_people_write(self):
        assert (
            render_markdown("**Now**\n- a\n- b") == "<p><strong>Now</strong></p>\n<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n"
        )

    def test_keeps_single_line_breaks(self):
        assert "<br" in render_markdown("one\ntwo")

    @pytest.mark.parametrize(
        "attack",
        [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "[x](javascript:alert(1))",
            "[x](data:text/html;base64,PHNjcmlwdD4=)",
            "![x](https://tracker.example/pixel.png)",
            '<a href="x" onclick="alert(1)">x</a>',
            "<svg/onload=alert(1)>",
            "[x]: javascript:alert(1)\n[x]",
            "<iframe src=//evil.example>",
        ],
    )
    def test_leaves_nothing_that_acts(self, attack):
        html = render_markdown(attack).replace("&lt;", "")
        assert not any(bad in html for bad in ("<script", "<img", "<svg", "<iframe", 'href="javascript', 'href="data', "<a href=\"x\" onclick"))  # fmt: skip

    def test_links_say_nothing_of_where_they_come_from(self):
        assert 'rel="noopener noreferrer nofollow"' in render_markdown("[x](https://example.org)")
