"""What every kind of ticket has: its header, the conversation, internal notes, clocks, events, links and watchers."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import parsers, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.permissions import Permission
from api.endpoint import Endpoint, JSONBody, TicketEndpoint
from api.fields import (
    LONGEST_TEXT,
    At,
    Input,
    OneOf,
    OrganisationName,
    PersonName,
    Query,
    Seconds,
    ServiceName,
    TeamName,
    Text,
    TicketField,
)
from api.idempotency import once
from api.pagination import Page
from api.schema import paged
from files.models import StoredFile
from journal.models import Event, Visibility
from slas.ledger import Segment, SegmentKind
from slas.models import Clock, Metric
from slas.selectors import ClockFace, clock_face, clocks_visible_to
from tickets import policies
from tickets.models import (
    Channel,
    Impact,
    InternalNote,
    Kind,
    Link,
    Phase,
    Priority,
    PublicEntry,
    Ticket,
    Urgency,
    WaitingReason,
)
from tickets.selectors import visible_events
from work import services as work
from work.selectors.ledger import for_account
from work.selectors.steps import StepState, steps_of


class TicketSerializer(serializers.Serializer[Ticket]):
    """The header. `version` rises with every change of it; `web_url` is its page for people."""

    number = serializers.CharField()
    kind = serializers.ChoiceField(choices=Kind.choices)
    subject = serializers.CharField()
    phase = serializers.ChoiceField(choices=Phase.choices)
    waiting_reason = serializers.ChoiceField(choices=WaitingReason.choices, allow_blank=True)
    impact = serializers.ChoiceField(choices=Impact.choices)
    urgency = serializers.ChoiceField(choices=Urgency.choices)
    priority = serializers.ChoiceField(choices=Priority.choices)
    requester = PersonName()
    opened_by = PersonName()
    organisation = OrganisationName()
    service = ServiceName(allow_null=True)
    team = TeamName(allow_null=True)
    assignee = PersonName(allow_null=True)
    channel = serializers.ChoiceField(choices=Channel.choices)
    opened_at = At()
    updated_at = At()
    resolved_at = At(allow_null=True)
    closed_at = At(allow_null=True)
    next_due_at = serializers.SerializerMethodField(
        help_text="The first deadline that runs; of promises to the caller."
    )
    n_reopens = serializers.IntegerField()
    version = serializers.IntegerField()
    external_source = serializers.CharField()
    external_id = serializers.CharField()
    web_url = serializers.SerializerMethodField()

    @extend_schema_field(At(allow_null=True))
    def get_next_due_at(self, ticket: Ticket) -> str | None:
        due_at = ticket.next_due_at
        if not self.context["reader"].can(Permission.VIEW_INTERNAL):
            due_at = ticket.public_due_at  # type: ignore[attr-defined]
        return At().to_representation(due_at) if due_at else None

    def get_web_url(self, ticket: Ticket) -> str:
        return f"{settings.SITE_URL}{ticket.get_absolute_url()}"


class FileSerializer(serializers.Serializer[StoredFile]):
    """`url` gives the bytes to who may read the words they belong to."""

    name = serializers.CharField()
    content_type = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    sha256 = serializers.CharField()
    url = serializers.SerializerMethodField()

    def get_url(self, file: StoredFile) -> str:
        return f"{settings.SITE_URL}{reverse('api:file', args=[file.key])}"


class NoteSerializer(serializers.Serializer[Any]):
    """What somebody wrote: Markdown as typed, and its clean HTML. Context: `files`, lists by the row's id."""

    id = serializers.IntegerField()
    at = At()
    author = PersonName()
    body = serializers.CharField()
    body_html = serializers.CharField()
    files = serializers.SerializerMethodField()

    @extend_schema_field(FileSerializer(many=True))
    def get_files(self, words: InternalNote | PublicEntry) -> Any:
        return FileSerializer(self.context["files"][words.pk], many=True).data


class EntrySerializer(NoteSerializer):
    channel = serializers.ChoiceField(choices=Channel.choices)
    is_from_agent = serializers.BooleanField()


class SegmentSerializer(serializers.Serializer[Any]):
    """A stretch of a clock's life. `label` names the holiday or the reason of the pause, `actor` who paused."""

    starts_at = At()
    ends_at = At()
    kind = serializers.ChoiceField(choices=[kind.value for kind in SegmentKind])
    worked = Seconds(help_text="Working time in it, in seconds. The running ones add up to `used`.")
    label = serializers.CharField()  # type: ignore[assignment]
    actor = serializers.CharField()


class VersionSerializer(serializers.Serializer[Any]):
    """Which document or calendar, as it was when the promise was made. `name` is empty where it is ours alone."""

    name = serializers.CharField()
    version = serializers.IntegerField()


class ClockSerializer(serializers.Serializer[ClockFace]):
    """A promise being measured. Durations are seconds of working time; `due_at` is null while paused. A commitment has
    no agreement and no calendar, but perhaps `words`; of a team's or a supplier's share `party` says whose."""

    id = serializers.IntegerField(source="clock.pk")
    ticket = serializers.CharField(source="clock.ticket.number")
    metric = serializers.ChoiceField(choices=Metric.choices, source="clock.metric")
    generation = serializers.IntegerField(source="clock.generation", help_text="Rises when the promise changes.")
    state = serializers.ChoiceField(choices=Clock.State.choices, source="clock.state")
    priority = serializers.ChoiceField(choices=Priority.choices, source="clock.priority")
    goal = Seconds(source="clock.goal")
    used = Seconds(source="account.used")
    remaining = Seconds(source="account.remaining", help_text="Negative beyond the goal.")
    started_at = At(source="clock.started_at")
    due_at = At(source="clock.due_at", allow_null=True)
    ended_at = At(source="clock.ended_at", allow_null=True)
    agreement = serializers.SerializerMethodField()
    calendar = serializers.SerializerMethodField()
    party = serializers.SerializerMethodField()
    words = serializers.CharField(source="clock.words")
    breached = serializers.SerializerMethodField()
    ledger = serializers.SerializerMethodField(help_text="Where every minute went; null for customers.")

    def get_breached(self, face: ClockFace) -> bool:
        return face.clock.has_breached(self.context["now"])

    @extend_schema_field(VersionSerializer(allow_null=True))
    def get_agreement(self, face: ClockFace) -> Any:
        agreement = face.clock.agreement
        if agreement is None:
            return None
        is_known = self._sees_all or agreement.customer_id == face.clock.ticket.organisation_id
        return {"name": agreement.name if is_known else "", "version": agreement.version}

    @extend_schema_field(VersionSerializer(allow_null=True))
    def get_calendar(self, face: ClockFace) -> Any:
        calendar = face.clock.calendar
        if calendar is None:
            return None
        return {"name": calendar.name if self._sees_all else "", "version": face.clock.calendar_version}

    def get_party(self, face: ClockFace) -> str:
        clock = face.clock
        supplier = clock.agreement.supplier if clock.agreement else None
        return str(clock.team or supplier or "") if self._sees_all else ""

    @extend_schema_field(SegmentSerializer(many=True, allow_null=True))
    def get_ledger(self, face: ClockFace) -> Any:
        return SegmentSerializer(face.account.segments, many=True).data if self._sees_all else None

    @property
    def _sees_all(self) -> bool:
        reader: User = self.context["reader"]
        return reader.can(Permission.VIEW_INTERNAL)


class StepSerializer(serializers.Serializer[Any]):
    """A step of the escalation ladder: when it fires and what it does, in the caller's language, and what came of it."""

    what = serializers.CharField()
    will = serializers.CharField()
    state = serializers.ChoiceField(choices=[state.value for state in StepState])
    planned_at = At(allow_null=True)
    fired_at = At(allow_null=True)
    told = serializers.CharField()
    did = serializers.CharField()
    why = serializers.CharField()


class ClockDetailSerializer(ClockSerializer):
    """The whole account. A customer reads where the time went without the names of ours; the steps are for the desk."""

    steps = serializers.SerializerMethodField()

    @extend_schema_field(SegmentSerializer(many=True))
    def get_ledger(self, face: ClockFace) -> Any:
        segments: Iterable[Segment] = face.account.segments
        if not self._sees_all:
            segments = [replace(segment, actor="") for segment in segments]
        return SegmentSerializer(segments, many=True).data

    @extend_schema_field(StepSerializer(many=True))
    def get_steps(self, face: ClockFace) -> Any:
        steps = steps_of(face.clock, self.context["now"]) if self._sees_all else []
        return StepSerializer(steps, many=True).data


class EventSerializer(serializers.Serializer[Event]):
    id = serializers.IntegerField()
    at = At()
    name = serializers.CharField()
    actor = PersonName(allow_null=True, help_text="Null: the system itself.")
    visibility = serializers.ChoiceField(choices=Visibility.choices)
    data = serializers.DictField()  # type: ignore[assignment]


class LinkSerializer(serializers.Serializer[Link]):
    """Read as: source, type, target."""

    type = serializers.ChoiceField(choices=Link.Type.choices)
    source = serializers.CharField(source="source.number")  # type: ignore[assignment]
    target = serializers.CharField(source="target.number")


class WatchingSerializer(serializers.Serializer[Any]):
    number = serializers.CharField()
    is_watching = serializers.BooleanField()


class WithdrawnSerializer(serializers.Serializer[Any]):
    number = serializers.CharField()
    was_promised = serializers.BooleanField()


class PromiseInput(Input):
    due_at = At(help_text="Ahead of now, within three years.")
    words = Text(max_length=200, allow_blank=True, default="", help_text="What the requester reads beside it.")


class WordsInput(Input):
    body = Text(max_length=LONGEST_TEXT, help_text="Markdown.")


class WordsForm(WordsInput):
    files = serializers.ListField(child=serializers.FileField(), required=False)


class LinkInput(Input):
    type = OneOf(choices=Link.Type.choices)
    target = TicketField(help_text="Its number.")


WORDS = {"application/json": WordsInput, "multipart/form-data": WordsForm}


class Entries(TicketEndpoint):
    parser_classes = [JSONBody, parsers.MultiPartParser]

    @extend_schema(operation_id="entries_list", parameters=[Query], responses=paged(EntrySerializer), tags=["tickets"])
    def get(self, request: Request, number: str) -> Response:
        """The conversation with the requester, oldest first."""
        rows = PublicEntry.objects.visible_to(self.reader).filter(ticket=self.ticket).select_related("author")
        page = Page(request, rows, self.read_query(Query))
        return page.answer(self.show(EntrySerializer, page.rows, many=True, files=_files("entry", page.rows)))

    @extend_schema(operation_id="entries_create", request=WORDS, responses={201: EntrySerializer}, tags=["tickets"])
    @once
    def post(self, request: Request, number: str) -> Response:
        """Reply in public, with files as multipart/form-data. An agent's first reply meets the first response; the
        requester's answer ends a wait for him."""
        self.require(policies.can_reply(self.reader, self.ticket) or policies.has_ended(self.ticket))
        words = self.read_body(WordsForm)
        entry = work.reply_to_ticket(
            ticket=self.ticket, body=words["body"], uploads=words.get("files", ()), actor=self.reader,
            channel=Channel.API, now=timezone.now(),
        )  # fmt: skip
        return Response(self.show(EntrySerializer, entry, files=_files("entry", [entry])), status=201)


class Notes(TicketEndpoint):
    parser_classes = [JSONBody, parsers.MultiPartParser]

    @extend_schema(operation_id="notes_list", parameters=[Query], responses=paged(NoteSerializer), tags=["tickets"])
    def get(self, request: Request, number: str) -> Response:
        """Internal notes, oldest first: for the desk only."""
        self.require(self.reader.can(Permission.VIEW_INTERNAL))
        rows = InternalNote.objects.visible_to(self.reader).filter(ticket=self.ticket).select_related("author")
        page = Page(request, rows, self.read_query(Query))
        return page.answer(self.show(NoteSerializer, page.rows, many=True, files=_files("note", page.rows)))

    @extend_schema(operation_id="notes_create", request=WORDS, responses={201: NoteSerializer}, tags=["tickets"])
    @once
    def post(self, request: Request, number: str) -> Response:
        """Note something for the desk; no customer ever reads it."""
        self.require(policies.can_note(self.reader, self.ticket))
        words = self.read_body(WordsForm)
        note = work.note_on_ticket(
            ticket=self.ticket, body=words["body"], uploads=words.get("files", ()), actor=self.reader,
            now=timezone.now(),
        )  # fmt: skip
        return Response(self.show(NoteSerializer, note, files=_files("note", [note])), status=201)


class Clocks(TicketEndpoint):
    @extend_schema(operation_id="clocks_list", parameters=[Query], responses=paged(ClockSerializer), tags=["tickets"])
    def get(self, request: Request, number: str) -> Response:
        """The clocks that measure what was promised, in the order they were started; those of a promise that was
        changed since are cancelled and count for nothing. Customers see those of promises to them."""
        rows = for_account(clocks_visible_to(self.reader).filter(ticket=self.ticket))
        page = Page(request, rows, self.read_query(Query))
        now = timezone.now()
        faces = [clock_face(clock, now=now) for clock in page.rows]
        return page.answer(self.show(ClockSerializer, faces, many=True, now=now))


class ClockDetail(Endpoint):
    @extend_schema(operation_id="clocks_retrieve", responses=ClockDetailSerializer, tags=["tickets"])
    def get(self, request: Request, pk: int) -> Response:
        """One clock with its account: every minute since its start, adding up to `used`, and its escalation steps."""
        clock = get_object_or_404(for_account(clocks_visible_to(self.reader)), pk=pk)
        now = timezone.now()
        return Response(self.show(ClockDetailSerializer, clock_face(clock, now=now), now=now))


class PromiseDate(TicketEndpoint):
    @extend_schema(
        operation_id="tickets_promise_date", request=PromiseInput, responses=ClockDetailSerializer, tags=["tickets"]
    )
    @once
    def post(self, request: Request, number: str) -> Response:
        """Promise the requester a date. It stands beside the timers and none of them moves it; one that was promised
        before is taken back. He is told."""
        self.require(policies.can_promise(self.reader, self.ticket) or policies.has_ended(self.ticket))
        now = timezone.now()
        made = work.promise_date(ticket=self.ticket, actor=self.reader, now=now, **self.read_body(PromiseInput))
        clock = for_account(clocks_visible_to(self.reader)).get(pk=made.pk)
        return Response(self.show(ClockDetailSerializer, clock_face(clock, now=now), now=now))


class WithdrawDate(TicketEndpoint):
    @extend_schema(operation_id="tickets_withdraw_date", request=Input, responses=WithdrawnSerializer, tags=["tickets"])
    @once
    def post(self, request: Request, number: str) -> Response:
        """Take the promised date back; the requester is told. Without one nothing happens."""
        self.require(policies.can_promise(self.reader, self.ticket) or policies.has_ended(self.ticket))
        self.read_body(Input)
        was_promised = work.withdraw_date(ticket=self.ticket, actor=self.reader, now=timezone.now())
        return Response({"number": self.ticket.number, "was_promised": was_promised})


class Events(TicketEndpoint):
    @extend_schema(operation_id="events_list", parameters=[Query], responses=paged(EventSerializer), tags=["tickets"])
    def get(self, request: Request, number: str) -> Response:
        """What happened, oldest first: all of it for the desk, the public part for customers."""
        page = Page(request, visible_events(ticket=self.ticket, user=self.reader), self.read_query(Query))
        return page.answer(self.show(EventSerializer, page.rows, many=True))


class Links(TicketEndpoint):
    @extend_schema(operation_id="links_list", parameters=[Query], responses=paged(LinkSerializer), tags=["tickets"])
    def get(self, request: Request, number: str) -> Response:
        """Links from and to other tickets, as far as the caller may see these."""
        visible = Ticket.objects.visible_to(self.reader)
        rows = Link.objects.filter(
            Q(source=self.ticket) | Q(target=self.ticket), source__in=visible, target__in=visible
        )
        page = Page(request, rows.select_related("source", "target"), self.read_query(Query))
        return page.answer(self.show(LinkSerializer, page.rows, many=True))

    @extend_schema(operation_id="links_create", request=LinkInput, responses={201: LinkSerializer}, tags=["tickets"])
    @once
    def post(self, request: Request, number: str) -> Response:
        """Link this ticket to another one. Linked twice is linked once."""
        self.require(policies.can_link(self.reader, self.ticket))
        link = work.link_tickets(source=self.ticket, **self.read_body(LinkInput), actor=self.reader, now=timezone.now())
        return Response(self.show(LinkSerializer, link), status=201)


class Watch(TicketEndpoint):
    @extend_schema(operation_id="tickets_watch", request=Input, responses=WatchingSerializer, tags=["tickets"])
    @once
    def post(self, request: Request, number: str) -> Response:
        """Follow the ticket: the caller hears of every public message."""
        self.read_body(Input)
        work.watch_ticket(ticket=self.ticket, user=self.reader, actor=self.reader, now=timezone.now())
        return Response({"number": self.ticket.number, "is_watching": True})


class Unwatch(TicketEndpoint):
    @extend_schema(operation_id="tickets_unwatch", request=Input, responses=WatchingSerializer, tags=["tickets"])
    @once
    def post(self, request: Request, number: str) -> Response:
        """Follow it no longer."""
        self.read_body(Input)
        work.unwatch_ticket(ticket=self.ticket, user=self.reader, actor=self.reader, now=timezone.now())
        return Response({"number": self.ticket.number, "is_watching": False})


def _files(kind: str, words: Iterable[InternalNote | PublicEntry]) -> dict[int, list[StoredFile]]:
    """The files of entries or notes by the id of these, in one query. The caller has read the words through the gate."""
    found: dict[int, list[StoredFile]] = defaultdict(list)
    ids = [row.pk for row in words]
    for file in StoredFile.objects.filter(subject_kind=kind, subject_id__in=ids).order_by("id"):
        found[file.subject_id].append(file)
    return found
