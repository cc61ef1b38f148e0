"""The OpenAPI description beyond what drf-spectacular reads from the endpoints: how to sign in, the envelope of lists,
and the problems every operation may answer."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from api.idempotency import HEADER, KEY
from api.problems import MEDIA_TYPE


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "api.auth.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ARG002
        return {"type": "http", "scheme": "bearer", "description": "A token made under /api/tokens/, ptk_…"}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "api.auth.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ARG002
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}


def paged(rows: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    """The envelope of a list of `rows` (api/pagination.py)."""
    return inline_serializer(
        name=f"{rows.__name__.removesuffix('Serializer')}Page",
        fields={
            "results": rows(many=True),
            "next": serializers.URLField(allow_null=True, help_text="The address of the next page; null on the last."),
            "total": serializers.IntegerField(required=False, help_text="Of all pages; with ?total=1."),
        },
    )


PROBLEM = {
    "type": "object",
    "description": "RFC 9457. `type` ends in the code a program compares.",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:portico:problem:illegal-move"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "description": "400, 422: messages by field or parameter.",
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
        "state": {"type": "string", "description": "409 illegal-move: the state it is in."},
        "allowed": {
            "description": "409 illegal-move: the verbs that are possible from that state.",
            "type": "array",
            "items": {"type": "string"},
        },
        "version": {"type": "integer", "description": "409 stale: the newest version."},
        "changes": {
            "description": "409 stale: who changed what since the version that was sent.",
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "event": {"type": "string"},
                    "at": {"type": "string", "format": "date-time"},
                    "actor": {"type": ["object", "null"]},
                    "changes": {"type": "object"},
                },
            },
        },
    },
}

ALWAYS = {
    400: "The request cannot be understood.",
    401: "No token, or one that opens nothing.",
    403: "The token's scope or the owner's rights do not include this.",
    404: "It does not exist, or not for the caller.",
    406: "The API answers JSON.",
    429: "Too many calls; see Retry-After.",
    500: "Something went wrong here; nothing was changed.",
    503: "The database is not reachable; see Retry-After.",
}
WITH_BODY = {
    409: "Not possible in this state, changed meanwhile, or still being worked on.",
    413: "Too large.",
    415: "This media type is not understood.",
    422: "Something is missing or wrong; nothing was changed.",
}

TAGS = [
    {"name": "incidents", "description": "Open them, find them, and every verb of their process."},
    {"name": "tickets", "description": "What every kind of ticket has: conversation, notes, clocks, events, links."},
    {"name": "services", "description": "What trouble can be reported with."},
    {"name": "people", "description": "People, organisations and teams; who is calling."},
]

IDEMPOTENCY_HEADER = {
    "name": HEADER,
    "in": "header",
    "description": "A repeat with the same key and content is answered, not done again. Kept for a day.",
    "schema": {"type": "string", "pattern": f"^{KEY}$"},
}
IF_MATCH = r'\*|"[0-9]{1,9}"'
IF_MATCH_HEADER = {
    "name": "If-Match",
    "in": "header",
    "description": "The version that was read, in quotes. The same as `version` in the body.",
    "schema": {"type": "string", "pattern": f"^({IF_MATCH})$"},
}


def complete(result: dict[str, Any], **_context: Any) -> dict[str, Any]:
    """Postprocessing hook: problems on every operation, headers on those that take them, bodies without surprises."""
    schemas = result["components"]["schemas"]
    schemas["Problem"] = PROBLEM
    result["tags"] = TAGS
    for name, schema in schemas.items():
        if name.endswith(("Input", "Form")):
            schema["additionalProperties"] = False
    for path in result["paths"].values():
        for method, operation in path.items():
            has_body = method in {"post", "patch"}
            for status, words in (ALWAYS | (WITH_BODY if has_body else {})).items():
                operation["responses"][str(status)] = _problem(words)
            operation["responses"] = dict(sorted(operation["responses"].items()))
            headers = [IDEMPOTENCY_HEADER] if method == "post" else []
            if _takes_version(operation, schemas):
                headers.append(IF_MATCH_HEADER)
            if headers:
                operation.setdefault("parameters", []).extend(headers)
    return result


def _problem(words: str) -> dict[str, Any]:
    return {"description": words, "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}


def _takes_version(operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> bool:
    content = operation.get("requestBody", {}).get("content", {})
    reference = content.get("application/json", {}).get("schema", {}).get("$ref", "")
    return "version" in schemas.get(reference.rpartition("/")[2], {}).get("properties", {})
