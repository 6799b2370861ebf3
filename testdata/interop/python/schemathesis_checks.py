"""What the Graph API does otherwise than schemathesis expects of an API, as a check of its own."""

import requests
import schemathesis
from schemathesis.generation.meta import CoveragePhaseData, CoverageScenario

# How a request of the right form may be refused: by a name that is no field, by modifiers and braces that do
# not make an expansion, or by an id of nobody. Anything else of code 100 and 2500 is about the form.
OF_THE_DATA = (
    "(#100) Tried accessing nonexisting field (",
    "(#100) The field (",
    "(#100) Unknown modifier (",
    "Syntax error in fields: ",
    "Unsupported get request. Object with ID '",
)

tried_without_token = set()


def error_of(response):
    return response.json().get("error", {}) if response.status_code >= 400 and response.content else {}


@schemathesis.check
def graph_conventions(ctx, response, case):
    """Stands for ignored_auth, unsupported_method and positive_data_acceptance on the read API."""
    if "Read API" not in (case.operation.tags or []) or response.status_code == 414:
        return
    error, meta = error_of(response), case.meta
    data = meta.phase.data if meta else None
    if isinstance(data, CoveragePhaseData) and data.scenario == CoverageScenario.UNSPECIFIED_HTTP_METHOD:
        # HEAD and OPTIONS are for the server's framework.
        if response.request.method not in ("HEAD", "OPTIONS"):
            refused = response.status_code == 400 and error["code"] == 100
            assert refused and error["message"].startswith("Unsupported "), f"a wrong method: {error}"
        return
    if response.status_code == 400 and meta and meta.generation.mode.is_positive:
        assert error["message"].startswith(OF_THE_DATA), f"refused although its form is right: {error}"
    if response.status_code == 200 and case.operation.label not in tried_without_token:
        tried_without_token.add(case.operation.label)
        for authorization, code in [(None, 2500), ("Bearer x.y.z", 190), ("Basic eDp5", 2500)]:
            headers = {} if authorization is None else {"Authorization": authorization}
            tried = requests.get(response.request.url, headers=headers, timeout=60)
            assert tried.status_code == 400 and tried.json()["error"]["code"] == code, (
                f"with {authorization}: {tried.status_code} {tried.text}"
            )
