"""The cotton components as a page gets them: what they say to a screen reader and without JavaScript."""

import re
from datetime import UTC, datetime

import pytest
from django import forms
from django.test import RequestFactory
from django_cotton import render_component

AT = datetime(2026, 11, 23, 9, 41, tzinfo=UTC)


def draw(component: str, **context: object) -> str:
    html = render_component(RequestFactory().get("/"), component, context)
    return re.sub(r"\s+", " ", html)


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<script.*?</script>|<[^>]+>", " ", html).split())


class AskForm(forms.Form):
    subject = forms.CharField(help_text="One line.")
    urgency = forms.ChoiceField(choices=[("1", "I cannot work")], widget=forms.RadioSelect, required=False)


class TestField:
    def test_ties_label_help_and_error_to_the_control(self):
        html = draw("field", field=AskForm({})["subject"])
        assert '<label for="id_subject">Subject</label>' in html
        assert 'aria-describedby="id_subject_helptext id_subject_error"' in html
        assert 'id="id_subject_helptext">One line.' in html
        assert 'id="id_subject_error"><li>' in html

    def test_groups_choices_under_their_question(self):
        html = draw("field", field=AskForm()["urgency"])
        assert "<fieldset" in html
        assert "<legend>Urgency" in html
        assert "(optional)" in html


class TestEntry:
    def test_marks_an_internal_note_by_form_and_word(self):
        html = draw("entry", kind="note", author="Li Wei", at=AT)
        assert "pd-bubble-note" in html
        assert "#lock" in html
        assert text_of(html).startswith("LW Li Wei Internal note")

    def test_never_calls_a_reply_internal(self):
        assert "Internal" not in draw("entry", kind="agent", author="Maya Okafor", at=AT)


class TestComposer:
    def test_offers_an_internal_note_only_where_allowed(self):
        assert 'value="note"' not in draw("composer", action="/reply/", recipients="to Ana")
        assert 'value="note"' in draw("composer", action="/reply/", note_allowed=True)

    def test_keeps_the_text_and_says_what_is_wrong_with_it(self):
        html = draw("composer", action="/reply/", text="Half <written>", errors=["Too long."])
        assert ">Half &lt;written&gt;</textarea>" in html
        assert 'aria-invalid="true" aria-describedby="id_text_error"' in html

    def test_posts_without_javascript(self):
        html = draw("composer", action="/reply/")
        assert '<form class="pd-composer" method="post" action="/reply/" enctype="multipart/form-data"' in html
        assert 'type="submit"' in html


class TestChart:
    CHART = {
        "kind": "bar",
        "unit": " %",
        "category_label": "Day",
        "description": "All in time.",
        "categories": ["1 Nov", "2 Nov"],
        "series": [{"name": "In time", "data": [100, None], "urls": ["/tickets/?day=1", ""]}],
    }

    def test_stands_as_a_table_until_it_is_drawn(self):
        html = draw("chart", id="c1", title="Attainment", chart=self.CHART)
        assert '<div class="pd-chart" hidden' in html
        assert '<a href="/tickets/?day=1">100 %</a>' in html
        assert text_of(html) == "Attainment Day In time 1 Nov 100 % 2 Nov –"

    def test_tells_what_the_picture_shows(self):
        assert 'role="img" aria-label="All in time."' in draw("chart", id="c1", title="Attainment", chart=self.CHART)


class TestKpi:
    def test_says_better_or_worse_in_words(self):
        html = draw(
            "kpi", label="Breached", value="23", change="−9", trend="down", good=True, url="/tickets/?breached=1"
        )
        assert '<a href="/tickets/?breached=1" class="pd-card pd-kpi">' in html
        assert text_of(html) == "Breached 23 −9 better"

    def test_is_no_link_without_a_list_behind_it(self):
        assert "<a " not in draw("kpi", label="Breached", value="0")


class TestPager:
    def test_is_nothing_on_the_only_page(self):
        assert draw("pager").strip() == ""

    def test_leads_both_ways(self):
        html = draw("pager", newer_url="?after=9", older_url="?before=1")
        assert 'href="?after=9" rel="prev"' in html
        assert 'href="?before=1" rel="next"' in html


class TestFiles:
    def test_are_downloads_with_their_size(self):
        html = draw("file_list", files=[{"url": "/files/1/", "name": "a<b.log", "size": 2048}])
        assert '<a class="pd-file" href="/files/1/" download>' in html
        assert text_of(html) == "a&lt;b.log 2.0 KB"


@pytest.mark.parametrize("component", ["theme_choice", "language_choice"])
class TestChoices:
    def test_need_no_javascript(self, component):
        html = draw(component, request=RequestFactory().get("/tickets/"))
        assert '<form method="post" action="/me/' in html
        assert 'name="next" value="/tickets/"' in html
        assert 'type="submit"' in html
