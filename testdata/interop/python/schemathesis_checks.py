"""What the Graph API does otherwise than schemathesis expects of an API, as a check of its own."""

import requests
import schemathesis
from schemathesis.generation.meta import CoveragePhaseData, CoverageScenario

# How a request of the right form may be refused: by a name that is no field, by text that is no expansion and
# no batch, by an id of nobody, by two cursors, by the proof of another token. Any other message is about the form.
OF_THE_DATA = (
    "Cannot specify an empty identifier",
    "(#100) Only one of after and before can be given",
    "(#100) Invalid parameter batch: ",
    "(#803) Some of the aliases you requested do not exist: ",
    "(#803) Cannot query users by their username (",
    "(#100) Tried accessing nonexisting field (",
    "(#100) The field (",
    "(#100) Unknown modifier (",
    "Syntax error in fields: ",
    "Unsupported get request. Object with ID '",
    "Invalid appsecret_proof provided in the API argument",
)

# How a request for a token may be refused besides: by credentials or a token that were made up, or left out where
# another parameter asks for them.
OF_THE_CREDENTIALS = (
    "Error validating client secret.",
    "Missing client_id parameter.",
    "(#100) The parameter fb_exchange_token is required",
    "The access token could not be decrypted",
)

tried_without_token = set()


@schemathesis.hook
def before_call(ctx, case, kwargs):
    """Secrets come and go of another client than the one whose secret and proofs are sent."""
    if case.operation.path.endswith("/clients/{client}/secret") and case.path_parameters.get("client") == "aurora-home":
        case.path_parameters["client"] = "clover-desk"


@schemathesis.serializer("application/x-ndjson")
def lines(ctx, value):
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


def asks_for_token(case):
    return case.operation.path.endswith("/oauth/access_token")


def about_current_user(case):
    """`me`, or nobody by path."""
    return case.operation.path.removeprefix("/{version}").split("/")[1:2] in ([], [""], ["me"])


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
            if response.status_code == 405 and response.headers.get("allow"):
                return  # The root is a page, too.
            refused = response.status_code == 400 and error["code"] == 100
            told = ("Unsupported ", "(#100) Invalid parameter method: ")
            assert refused and error["message"].startswith(told), f"a wrong method: {error}"
        return
    if response.status_code == 400 and meta and meta.generation.mode.is_positive:
        told = OF_THE_DATA + (OF_THE_CREDENTIALS if asks_for_token(case) else ())
        assert error["message"].startswith(told), f"refused although its form is right: {error}"
    is_read = response.status_code == 200 and response.request.method == "GET"
    if is_read and not asks_for_token(case) and case.operation.label not in tried_without_token:
        tried_without_token.add(case.operation.label)
        no_token = 2500 if about_current_user(case) else 104
        for authorization, code in [(None, no_token), ("Bearer x.y.z", 190), ("Basic eDp5", no_token)]:
            headers = {} if authorization is None else {"Authorization": authorization}
            tried = requests.get(response.request.url, headers=headers, timeout=60)
            assert tried.status_code == 400 and tried.json()["error"]["code"] == code, (
                f"with {authorization}: {tried.status_code} {tried.text}"
            )
