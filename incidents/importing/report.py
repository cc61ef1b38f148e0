"""What an import says at its end."""

from collections.abc import Iterator

from incidents.importing.services import Plan, Tally


def report(tally: Tally, plan: Plan, *, seconds: float) -> Iterator[str]:
    """Its figures, line by line. `seconds` it took."""
    n_read = tally.n_imported + tally.n_known + tally.n_rejected_incidents
    yield "Dry run: nothing was written." if plan.is_dry_run else "Imported."
    yield f"  lines read                   {tally.n_lines:>8,}"
    if not plan.survey.is_grouped:
        yield "                                        (not in the order of incidents: sorted first)"
    yield f"  incidents imported           {tally.n_imported:>8,}"
    yield f"    with updates               {tally.n_updates:>8,}"
    yield f"    as events                  {tally.n_events:>8,}"
    yield f"  incidents already here       {tally.n_known:>8,}"
    if tally.n_known_with_more:
        yield f"    of which the file tells more {tally.n_known_with_more:>6,}  (left as they are)"
    yield f"  incidents rejected           {tally.n_rejected_incidents:>8,}"
    yield f"  lines rejected               {tally.n_rejected_lines:>8,}{_where(tally, plan)}"
    yield from _clocks(tally, plan)
    if tally.oddities:
        yield "Odd, and taken nevertheless (incidents):"
        for oddity, n in tally.oddities.most_common():
            yield f"  {n:>8,}  {oddity.value}"
    yield f"{seconds:.1f} s, {n_read / max(seconds, 0.001):,.0f} incidents/s"


def _where(tally: Tally, plan: Plan) -> str:
    return f"  (see {plan.rejects})" if tally.n_rejected_lines and plan.rejects else ""


def _clocks(tally: Tally, plan: Plan) -> Iterator[str]:
    if plan.promise is None:
        yield "No agreement for everybody exists: no clocks (name one with --agreement)."
        return
    yield f"Clocks, by the agreement {plan.promise.agreement} (all ended):"
    for result in ("in time", "breached", "cancelled"):
        yield f"  {result:<12} {tally.clocks[result]:>8,}"
    if tally.sla:
        yield "The source's made_sla beside ours (its targets are not in the log, so only the direction says something):"
        yield "                         ours in time   ours breached"
        for source, name in ((True, "source in time"), (False, "source breached")):
            yield f"  {name:<18}     {tally.sla[source, True]:>12,}    {tally.sla[source, False]:>12,}"
