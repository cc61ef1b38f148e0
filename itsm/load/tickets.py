"""Tickets in bulk, made by SQL in the database: nothing travels, so a million of them take minutes.

A batch is one transaction. Its rows are drawn into a temporary table first, then spread over the tables as the live verbs
would have left them: header, incident, conversation, notes, events, clocks with their events. One in ten is open; requesters and
services are skewed, so that few have many; the deadlines are round the clock, so that SQL can tell them.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from psycopg2.extras import Json

from itsm.load.world import GOALS, World
from slas.models import Metric

THINGS = [
    "printer",
    "laptop",
    "mailbox",
    "calendar",
    "shared-drive",
    "VPN",
    "badge",
    "phone",
    "scanner",
    "invoice",
    "order-system",
    "wifi",
    "monitor",
    "password",
    "licence",
    "打印机",
    "邮箱",
    "网络",
    "账号",
    "订单系统",
]
TROUBLES = [
    "does not start", "is very slow since Monday", "asks for a password again and again", "shows an old version",
    "has lost its settings", "cannot be opened any more", "prints blank pages", "disconnects every hour",
    "is locked for me", "reports error 0x80070005", "无法登录", "运行缓慢", "提示错误", "突然断线",
]  # fmt: skip
SENTENCES = [
    "It began this morning and a restart did not help.", "My colleague next door has the same.",
    "I need it for the month's end.", "Here is what I tried so far: signed out, signed in, another cable.",
    "It works on the second floor, not on the third.", "The light stays orange.", "今天早上开始出现这个问题。",
    "重启后仍然没有恢复。", "Please call me before ten.", "We renewed the certificate and restarted the service.",
    "Thank you, that helped.", "Could you send a picture of the message?", "请提供截图。", "The supplier has been told.",
]  # fmt: skip


@dataclass(frozen=True)
class Batch:
    """`size` tickets made as of `now`. `seed` makes a batch the same every time."""

    size: int
    seed: int
    now: datetime


def make_batch(batch: Batch, world: World) -> None:
    """Write one batch: all of it or nothing."""
    values = _values(batch, world)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SELECT setseed(%s)", [(batch.seed % 10_000) / 10_000])
        for statement in STATEMENTS:
            cursor.execute(statement, values)


def _values(batch: Batch, world: World) -> dict[str, Any]:
    agreement = world.promise.agreement
    ladders = {
        metric: world.promise.ladder(target)
        for (metric, _priority), target in world.promise.targets.items()
        if metric in (Metric.FIRST_RESPONSE, Metric.RESOLUTION)
    }
    return {
        "n": batch.size, "now": batch.now, "things": THINGS, "troubles": TROUBLES, "sentences": SENTENCES,
        "requesters": world.requesters, "organisations": world.organisations, "agents": world.agents,
        "teams": world.teams, "services": world.services, "service_teams": world.service_teams,
        "per_team": world.agents_per_team, "agreement": agreement.pk, "calendar": agreement.calendar_id,
        "calendar_version": agreement.calendar.version,
        "response_goals": [GOALS[p][0] for p in sorted(GOALS)], "resolution_goals": [GOALS[p][1] for p in sorted(GOALS)],
        "response_ladder": Json(ladders[Metric.FIRST_RESPONSE]), "resolution_ladder": Json(ladders[Metric.RESOLUTION]),
    }  # fmt: skip


STATEMENTS = (
    # What is drawn by chance: each draw once, so that all tables agree about it.
    """
    CREATE TEMP TABLE load_draw ON COMMIT DROP AS
    SELECT nextval(pg_get_serial_sequence('tickets_ticket', 'id')) AS id,
           'INC-' || nextval('tickets_incident_number') AS number,
           1 + floor(power(random(), 2) * array_length(%(requesters)s::bigint[], 1))::int AS requester_at,
           1 + floor(power(random(), 2) * array_length(%(services)s::bigint[], 1))::int AS service_at,
           floor(random() * %(per_team)s)::int AS agent_at,
           random() < 0.1 AS is_open, random() AS fate, random() AS age, random() AS pace,
           CASE WHEN p < 0.01 THEN 1 WHEN p < 0.06 THEN 2 WHEN p < 0.40 THEN 3 WHEN p < 0.85 THEN 4 ELSE 5 END AS priority,
           (%(things)s::text[])[1 + floor(random() * array_length(%(things)s::text[], 1))::int] AS thing,
           (%(troubles)s::text[])[1 + floor(random() * array_length(%(troubles)s::text[], 1))::int] AS trouble,
           floor(random() * 1000000)::int AS mark, 1 + floor(random() * 7)::int AS n_entries
    FROM (SELECT random() AS p FROM generate_series(1, %(n)s)) AS chance
    """,
    """
    CREATE TEMP TABLE load_ticket ON COMMIT DROP AS
    SELECT timed.*,
           CASE WHEN phase IN ('open', 'waiting', 'resolved', 'closed') OR n_entries > 2
                THEN opened_at + (%(response_goals)s::interval[])[priority] * (0.1 + 1.0 * pace * pace) END AS answered_at,
           (%(response_goals)s::interval[])[priority] AS response_goal,
           (%(resolution_goals)s::interval[])[priority] AS resolution_goal
    FROM (
        SELECT placed.*,
               CASE WHEN phase IN ('resolved', 'closed') THEN
                    least(opened_at + (%(resolution_goals)s::interval[])[priority] * (0.05 + 1.1 * pace * pace),
                          %(now)s::timestamptz - CASE phase WHEN 'closed' THEN interval '5 days' ELSE interval '1 minute' END)
               END AS resolved_at
        FROM (
            SELECT draw.*,
                   CASE WHEN is_open THEN CASE WHEN fate < 0.3 THEN 'new' WHEN fate < 0.75 THEN 'open' ELSE 'waiting' END
                        ELSE CASE WHEN fate < 0.03 THEN 'cancelled' WHEN fate < 0.05 THEN 'resolved' ELSE 'closed' END END AS phase,
                   CASE WHEN is_open THEN %(now)s::timestamptz - interval '10 days' * age * age - interval '1 minute'
                        WHEN fate >= 0.03 AND fate < 0.05 THEN %(now)s::timestamptz - interval '4 days' * age - interval '1 hour'
                        ELSE %(now)s::timestamptz - interval '6 days' - interval '1080 days' * age END AS opened_at,
                   (%(requesters)s::bigint[])[requester_at] AS requester_id,
                   (%(organisations)s::bigint[])[requester_at] AS organisation_id,
                   (%(services)s::bigint[])[service_at] AS service_id,
                   (%(teams)s::bigint[])[(%(service_teams)s::int[])[service_at]] AS team_id,
                   (%(agents)s::bigint[])[((%(service_teams)s::int[])[service_at] - 1) * %(per_team)s + agent_at + 1] AS agent_id,
                   'The ' || thing || ' ' || trouble || CASE WHEN mark < 100 THEN ' zephyr' || mark ELSE '' END AS subject
            FROM load_draw AS draw
        ) AS placed
    ) AS timed
    """,
    """
    CREATE TEMP TABLE load_clock ON COMMIT DROP AS
    SELECT nextval(pg_get_serial_sequence('slas_clock', 'id')) AS id, story.*,
           opened_at + goal AS due_at,
           ARRAY[opened_at + goal * 0.5, opened_at + goal * 0.75, opened_at + goal] AS plan,
           CASE WHEN phase = 'cancelled' THEN 'cancelled' WHEN ended_at IS NOT NULL THEN 'met'
                WHEN phase = 'waiting' THEN 'paused' ELSE 'running' END AS state
    FROM (
        SELECT id AS ticket_id, phase, priority, opened_at, agent_id, 'first_response' AS metric, response_goal AS goal,
               coalesce(answered_at, CASE WHEN phase = 'cancelled' THEN opened_at + interval '10 minutes' END) AS ended_at,
               NULL::timestamptz AS paused_at, %(response_ladder)s::jsonb AS ladder
        FROM load_ticket
        UNION ALL
        SELECT id, phase, priority, opened_at, agent_id, 'resolution', resolution_goal,
               CASE WHEN phase = 'cancelled' THEN opened_at + interval '10 minutes' ELSE resolved_at END,
               CASE WHEN phase = 'waiting' THEN least(opened_at + resolution_goal * 0.3, %(now)s::timestamptz) END,
               %(resolution_ladder)s::jsonb
        FROM load_ticket
    ) AS story
    """,
    """
    INSERT INTO tickets_ticket (id, number, kind, subject, requester_id, opened_by_id, organisation_id, service_id, team_id,
        assignee_id, impact, urgency, priority, phase, waiting_reason, channel, opened_at, updated_at, resolved_at, closed_at,
        team_since_at, next_due_at, n_reopens, version, external_source, external_id)
    SELECT t.id, number, 'incident', subject, requester_id, requester_id, organisation_id, service_id, team_id,
        CASE WHEN phase = 'new' AND fate < 0.2 THEN NULL ELSE agent_id END,
        (ARRAY[1, 1, 2, 2, 3])[priority], (ARRAY[1, 2, 2, 3, 3])[priority], priority, phase,
        CASE phase WHEN 'waiting' THEN 'requester' ELSE '' END, CASE WHEN mark %% 3 = 0 THEN 'mail' ELSE 'portal' END,
        opened_at, coalesce(resolved_at, answered_at, opened_at), resolved_at,
        CASE phase WHEN 'closed' THEN resolved_at + interval '5 days' WHEN 'cancelled' THEN opened_at + interval '10 minutes' END,
        opened_at, due.at, 0, 3, '', ''
    FROM load_ticket AS t
    LEFT JOIN (SELECT ticket_id, min(due_at) AS at FROM load_clock WHERE state = 'running' GROUP BY ticket_id) AS due
        ON due.ticket_id = t.id
    """,
    """
    INSERT INTO incidents_incident (ticket_id, state, category, priority_reason, resolution_code, resolution)
    SELECT id, CASE phase WHEN 'open' THEN 'in_progress' WHEN 'waiting' THEN 'on_hold' ELSE phase END, thing, '',
           CASE WHEN resolved_at IS NULL THEN '' ELSE 'fixed' END, CASE WHEN resolved_at IS NULL THEN '' ELSE 'Renewed it.' END
    FROM load_ticket
    """,
    """
    CREATE TEMP TABLE load_entry ON COMMIT DROP AS
    SELECT nextval(pg_get_serial_sequence('tickets_publicentry', 'id')) AS id, t.id AS ticket_id, k, k %% 2 = 0 AS is_from_agent,
           CASE WHEN k %% 2 = 0 THEN agent_id ELSE requester_id END AS author_id,
           opened_at + (coalesce(resolved_at, greatest(%(now)s::timestamptz - interval '1 minute', opened_at)) - opened_at)
               * ((k - 1.0) / n_entries) AS at,
           (%(sentences)s::text[])[1 + (mark + k) %% array_length(%(sentences)s::text[], 1)] || ' '
           || (%(sentences)s::text[])[1 + (mark / 7 + k * 3) %% array_length(%(sentences)s::text[], 1)] AS body
    FROM load_ticket AS t, generate_series(1, n_entries) AS k
    """,
    """
    INSERT INTO tickets_publicentry (id, ticket_id, author_id, at, body, body_html, channel, is_from_agent)
    SELECT id, ticket_id, author_id, at, body, '<p>' || body || '</p>', CASE WHEN is_from_agent THEN 'desk' ELSE 'portal' END,
           is_from_agent
    FROM load_entry
    """,
    """
    INSERT INTO tickets_internalnote (ticket_id, author_id, at, body, body_html)
    SELECT id, agent_id, opened_at + interval '5 minutes', 'Checked the ' || thing || '.', '<p>Checked the ' || thing || '.</p>'
    FROM load_ticket WHERE mark %% 4 = 0
    """,
    """
    INSERT INTO journal_event (at, name, subject_kind, subject_id, actor_id, visibility, data)
    SELECT opened_at, 'incident.opened', 'ticket', id, requester_id, 'public',
           jsonb_build_object('priority', priority, 'channel', 'portal', 'version', 1)
    FROM load_ticket
    UNION ALL
    SELECT at, 'ticket.replied', 'ticket', ticket_id, author_id, 'public',
           jsonb_build_object('entry', id, 'channel', 'portal', 'is_from_agent', is_from_agent, 'version', 1)
    FROM load_entry WHERE k > 1
    UNION ALL
    SELECT resolved_at, 'incident.resolved', 'ticket', id, agent_id, 'public',
           jsonb_build_object('code', 'fixed', 'resolution', 'Renewed it.', 'from', 'in_progress', 'to', 'resolved', 'version', 3)
    FROM load_ticket WHERE resolved_at IS NOT NULL
    """,
    """
    INSERT INTO slas_clock (id, ticket_id, metric, generation, state, agreement_id, calendar_id, calendar_version, priority, goal,
        used, started_at, anchor_at, due_at, ended_at, ladder, fire_plan, step, next_fire_at)
    SELECT id, ticket_id, metric, 1, state, %(agreement)s, %(calendar)s, %(calendar_version)s, priority, goal,
           coalesce(ended_at, paused_at, opened_at) - opened_at, opened_at,
           CASE state WHEN 'running' THEN opened_at END,
           CASE WHEN state = 'paused' AND due_at >= paused_at THEN NULL ELSE due_at END, ended_at, ladder, plan,
           (SELECT count(*) FROM unnest(plan) AS at WHERE at <= %(now)s),
           CASE state WHEN 'running' THEN (SELECT min(at) FROM unnest(plan) AS at WHERE at > %(now)s) END
    FROM load_clock
    """,
    """
    INSERT INTO slas_clockevent (clock_id, kind, at, reason, actor_id)
    SELECT id, CASE WHEN ended_at IS NULL THEN 'paused' ELSE 'stopped' END, coalesce(ended_at, paused_at),
           CASE WHEN ended_at IS NULL THEN 'requester' ELSE '' END, agent_id
    FROM load_clock WHERE state <> 'running'
    """,
)
