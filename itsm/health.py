from django.http import HttpRequest, HttpResponse


def healthz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    return HttpResponse("ok")


def metrics(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    return HttpResponse("")
