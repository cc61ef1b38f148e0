"""Tokens: made, used, taken away; and the calls that are answered once."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from api import policies
from api.models import LONGEST_LIFE, ApiToken, IdempotentCall, Scope
from journal.services import record_event

SUBJECT_KIND = "api_token"
MARK = "ptk_"
"""How every secret begins, so that scanners for leaked keys can know one."""

USED_EVERY = timedelta(minutes=1)
KEPT = timedelta(hours=24)
PATIENCE = "5s"
LOCK_NOT_AVAILABLE = "55P03"


class TokenRefused(Exception):
    """The secret opens nothing; the message says why. Only who holds the secret gets to read it."""


class CallInProgress(Exception):
    """The same call is being worked on by another request and took longer than PATIENCE."""


@transaction.atomic
def create_token(
    *, owner: User, name: str, scopes: Iterable[str], expires_at: datetime, now: datetime
) -> tuple[ApiToken, str]:
    """A new token and its secret, which is told this once. Raises PermissionDenied, and ValidationError for a missing
    name, unknown or no scopes, and an end that is past or more than a year ahead."""
    if not policies.can_create(owner):
        raise PermissionDenied
    chosen = [scope for scope in Scope if scope in set(scopes)]
    problems = {}
    if not name.strip():
        problems["name"] = _("This cannot be empty.")
    if not chosen:
        problems["scopes"] = _("Please choose what the token may do.")
    if not now < expires_at <= now + LONGEST_LIFE:
        problems["expires_at"] = _("A token ends in the future, at most one year ahead.")
    if problems:
        raise ValidationError(problems)
    secret = MARK + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        owner=owner,
        name=name.strip()[:80],
        prefix=secret[:12],
        sha256=_digest(secret),
        scopes=chosen,
        created_at=now,
        expires_at=expires_at,
    )
    _record("api_token.created", token, owner, now)
    return token, secret


@transaction.atomic
def revoke_token(*, token: ApiToken, actor: User, now: datetime) -> None:
    """It opens nothing from now on; twice is once. Raises PermissionDenied."""
    if not policies.can_revoke(actor, token):
        raise PermissionDenied
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now):
        token.revoked_at = now
        _record("api_token.revoked", token, actor, now)


def use_token(*, secret: str, now: datetime) -> ApiToken:
    """The token of `secret`, its owner read afresh, its use noted once a minute at most. Raises TokenRefused."""
    token = ApiToken.objects.select_related("owner__organisation").filter(sha256=_digest(secret)).first()
    if token is None:
        raise TokenRefused(_("This token is not known."))
    if token.revoked_at is not None:
        raise TokenRefused(_("This token was revoked."))
    if not token.is_usable(now):
        raise TokenRefused(_("This token has expired."))
    if not token.owner.is_active:
        raise TokenRefused(_("The owner of this token is no longer active."))
    if token.last_used_at is None or now - token.last_used_at >= USED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


def claim_call(*, owner: User, key: str, method: str, path: str, request_hash: str, now: datetime) -> IdempotentCall:
    """The row of this key: a new one (`status` is null, the caller does the work in this transaction and then calls
    `answer_call`), or the one that has been answered.

    The unique row is the lock: while another transaction holds the key uncommitted, this one waits for its end.
    Raises CallInProgress when that takes longer than PATIENCE. Call inside a transaction.
    """
    row = IdempotentCall(
        owner=owner, key=key, method=method, path=path[:300], request_hash=request_hash, created_at=now
    )
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = %s", [PATIENCE])
        try:
            IdempotentCall.objects.bulk_create([row], ignore_conflicts=True)
        except OperationalError as error:
            if getattr(error.__cause__, "pgcode", "") == LOCK_NOT_AVAILABLE:
                raise CallInProgress from error
            raise
        cursor.execute("SET LOCAL lock_timeout TO DEFAULT")
    return IdempotentCall.objects.get(owner=owner, key=key)


def answer_call(*, call: IdempotentCall, status: int, body: str) -> None:
    """Keep the answer, in the transaction that did the work."""
    IdempotentCall.objects.filter(pk=call.pk).update(status=status, body=body)


def purge_calls(*, now: datetime) -> int:
    """Forget the answers of yesterday's calls. The number of rows."""
    n_purged, _per_model = IdempotentCall.objects.filter(created_at__lt=now - KEPT).delete()
    return n_purged


def _record(name: str, token: ApiToken, actor: User, now: datetime) -> None:
    data = {"name": token.name, "prefix": token.prefix, "scopes": token.scopes, "owner": token.owner_id}
    record_event(name=name, subject_kind=SUBJECT_KIND, subject_id=token.pk, actor=actor, at=now, data=data)


def _digest(secret: str) -> str:
    """The secret has 256 random bits: a fast hash is enough, and makes it a key the database can look up."""
    return hashlib.sha256(secret.encode()).hexdigest()
