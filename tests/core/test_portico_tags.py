"""The marks of core.templatetags.portico: what they say without colour, what they escape, and no inline style."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from django import forms
from django.template import Context, Template
from django.utils import translation

from core.templatetags import portico

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def draw(source: str, **context: object) -> str:
    return Template(source).render(Context({"now": NOW, **context}))


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


class TestIcon:
    def test_points_into_the_sprite_and_is_silent(self):
        assert draw('{% icon "search" 16 %}') == (
            '<svg class="pd-ic pd-ic-16" aria-hidden="true"><use href="/static/icons.svg#search"></use></svg>'
        )

    def test_speaks_when_it_has_a_label(self):
        assert 'role="img" aria-label="Internal &amp; locked"' in draw(
            '{% icon "lock" label=words %}', words="Internal & locked"
        )


class TestAvatar:
    @pytest.mark.parametrize(
        ("name", "initials"),
        [
            ("Ana Duarte", "AD"),
            ("Ana Maria Duarte", "AD"),
            ("madonna", "M"),
            ("李伟", "伟"),
            ("欧阳小明", "小明"),
            ("", "?"),
        ],
    )
    def test_shows_initials(self, name, initials):
        assert text_of(portico.avatar(name)) == initials

    def test_keeps_one_colour_for_one_person(self):
        assert portico.avatar("Ana Duarte") == portico.avatar("Ana Duarte")

    def test_escapes_the_name(self):
        assert "<b>" not in portico.avatar("<b>", label=True)


class TestPriorityMark:
    def test_says_number_and_word(self):
        assert text_of(portico.priority_mark(2)) == "P2 High"

    def test_only_speaks_the_word_where_room_is_short(self):
        assert '<span class="visually-hidden">P1 Critical</span>' in portico.priority_mark(1, label=False)

    @pytest.mark.parametrize(("priority", "lit"), [(2, 3), (3, 2), (4, 1), (5, 0)])
    def test_has_a_bar_less_for_each_step(self, priority, lit):
        html = portico.priority_mark(priority)
        assert html.count("<rect") - html.count("pd-prio-off") == lit

    def test_is_nothing_without_a_priority(self):
        assert portico.priority_mark(None) == ""


class TestStatusMark:
    def test_takes_its_shape_from_the_phase(self):
        assert draw('{% status_mark "waiting" "Awaiting user info" %}') == (
            '<span class="pd-status pd-status-waiting">Awaiting user info</span>'
        )


class TestSlaChip:
    @pytest.mark.parametrize(
        ("left", "state", "words"),
        [
            (timedelta(hours=3, minutes=40), "on-track", "SLA on track: 3h 40m"),
            (timedelta(minutes=59), "due-soon", "SLA due soon: 59m"),
            (timedelta(minutes=24), "at-risk", "SLA at risk: 24m"),
            (timedelta(hours=-1, minutes=-12), "breached", "SLA breached: −1h 12m"),
        ],
    )
    def test_classes_a_running_clock_by_the_time_left(self, left, state, words):
        html = portico.sla_chip(NOW + left, now=NOW)
        assert f"pd-sla-{state}" in html
        assert text_of(html) == words

    def test_classes_it_by_its_share_where_the_start_is_known(self):
        html = portico.sla_chip(NOW + timedelta(hours=4), started_at=NOW - timedelta(hours=5), now=NOW)
        assert "pd-sla-due-soon" in html

    def test_tells_the_browser_when_the_next_states_come(self):
        html = portico.sla_chip(NOW + timedelta(hours=8), started_at=NOW, now=NOW)
        assert 'data-controller="countdown"' in html
        assert 'data-countdown-due-soon-at-value="2026-11-23T16:00:00+00:00"' in html
        assert 'data-countdown-at-risk-at-value="2026-11-23T18:00:00+00:00"' in html

    def test_does_not_count_down_while_paused(self):
        html = portico.sla_chip(NOW + timedelta(hours=8), "paused", now=NOW)
        assert text_of(html) == "SLA paused: Paused"
        assert "countdown" not in html.replace("data-countdown-target", "")

    def test_shows_given_words(self):
        assert text_of(portico.sla_chip(None, "met", text="Met in 11m")) == "SLA met: Met in 11m"

    def test_is_nothing_without_a_clock(self):
        assert portico.sla_chip(None) == ""

    def test_refuses_a_state_it_does_not_know(self):
        with pytest.raises(ValueError, match="late"):
            portico.sla_chip(NOW, "late", now=NOW)


class TestShortDuration:
    @pytest.mark.parametrize(
        ("length", "words"),
        [
            (timedelta(days=1, hours=2, minutes=59), "1d 2h"),
            (timedelta(days=2), "2d"),
            (timedelta(hours=1, minutes=5), "1h 05m"),
            (timedelta(seconds=59), "0m"),
            (timedelta(minutes=-12), "−12m"),
        ],
    )
    def test_has_at_most_two_units(self, length, words):
        assert portico.short_duration(length) == words

    def test_is_empty_without_a_length(self):
        assert portico.short_duration(None) == ""


class TestSlaRing:
    def test_is_filled_to_its_share_and_never_beyond(self):
        assert 'stroke-dasharray="35.0 100"' in portico.sla_ring(35, "at_risk")
        assert 'stroke-dasharray="100.0 100"' in portico.sla_ring(180, "breached")


class TestRelativeTime:
    def test_carries_the_moment_and_a_readable_one_without_javascript(self):
        html = portico.relative_time(NOW - timedelta(hours=3), now=NOW)
        assert 'datetime="2026-11-23T09:00:00+00:00"' in html
        assert text_of(html) == "09:00"

    def test_names_the_day_when_it_was_another(self):
        assert text_of(portico.relative_time(NOW - timedelta(days=3), now=NOW)) == "20 Nov 2026, 12:00"


class TestFigures:
    def test_bullet_bar_is_hatched_below_its_target_only(self):
        assert "pd-bullet-hatch" in portico.bullet_bar(88.1, 95)
        assert "pd-bullet-hatch" not in portico.bullet_bar(95, 95)

    def test_sparkline_spans_its_values(self):
        assert 'points="1.0,21.0 30.0,3.0 59.0,12.0"' in portico.sparkline([1, 3, 2])

    def test_sparkline_needs_two_values(self):
        assert portico.sparkline([1]) == ""

    def test_heat_cell_is_shaded_by_its_share_of_the_peak(self):
        assert portico.heat_cell(9, 9) == '<td class="pd-heat-8">9</td>'
        assert portico.heat_cell(1, 90) == '<td class="pd-heat-1">1</td>'
        assert portico.heat_cell(0, 9) == "<td>0</td>"

    def test_heat_cell_leads_to_its_tickets(self):
        assert portico.heat_cell(4, 8, "/tickets/?a=1&b=2") == (
            '<td class="pd-heat-4"><a href="/tickets/?a=1&amp;b=2">4</a></td>'
        )

    def test_step_bar_says_how_far(self):
        html = portico.step_bar(2, 5)
        assert 'aria-label="Step 2 of 5"' in html
        assert html.count("pd-step-done") == 2

    def test_chart_rows_say_the_same_as_the_chart(self):
        chart = {
            "categories": ["Mon", "Tue"],
            "series": [{"data": [1, 2], "urls": ["/a", "/b"]}, {"data": [3, None]}],
        }
        assert portico.chart_rows(chart) == [
            ("Mon", [(1, "/a"), (3, "")]),
            ("Tue", [(2, "/b"), (None, "")]),
        ]


class TestJson:
    def test_cannot_close_the_script_it_stands_in(self):
        html = portico.as_json({"name": "</script><b>&"})
        assert "<" not in html
        assert json.loads(html) == {"name": "</script><b>&"}

    def test_words_for_the_browser_are_one_data_block(self):
        html = portico.client_words()
        assert html.startswith('<script type="application/json" id="pd-words">')
        words = json.loads(text_of(html))
        assert words["units"] == {"day": "d", "hour": "h", "minute": "m"}
        assert set(words["states"]) == set(words["icons"]) == {state.value for state in portico.ClockState}


class AskForm(forms.Form):
    subject = forms.CharField(help_text="One line.")
    urgency = forms.ChoiceField(choices=[("1", "High")], widget=forms.RadioSelect)
    service = forms.ChoiceField(choices=[("1", "VPN")])
    notify = forms.BooleanField()


class TestControl:
    @pytest.mark.parametrize(
        ("name", "kind", "css"),
        [
            ("subject", "text", 'class="form-control"'),
            ("service", "select", 'class="form-select"'),
            ("notify", "check", 'class="form-check-input"'),
            ("urgency", "choices", 'type="radio"'),
        ],
    )
    def test_has_the_class_of_its_kind(self, name, kind, css):
        field = AskForm()[name]
        assert portico.control_kind(field) == kind
        assert css in portico.control(field)

    def test_points_at_its_help_and_its_error(self):
        html = portico.control(AskForm({})["subject"])
        assert 'aria-invalid="true"' in html
        assert 'aria-describedby="id_subject_helptext id_subject_error"' in html


class TestEveryMark:
    def test_has_no_inline_style(self):
        drawn = draw(
            '{% icon "x" %}{% avatar "Ana" %}{% priority_mark 1 %}{% priority_mark 3 %}{% status_mark "new" "New" %}'
            '{% sla_chip now %}{% sla_ring 40 "met" %}{% relative_time now %}{% bullet_bar 90 95 %}'
            "{% sparkline values %}{% heat_cell 3 9 %}{% step_bar 1 3 %}",
            values=[1, 2, 3],
        )
        assert "style=" not in drawn

    def test_speaks_the_readers_language(self):
        with translation.override("zh-hans"):
            assert 'lang="zh-hans"' in portico.relative_time(NOW, now=NOW)
