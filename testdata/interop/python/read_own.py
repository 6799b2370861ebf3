"""What a partner's server does with python-facebook-api: gets an app token for its credentials, exchanges
and explains a user's token, reads the user, the user's permissions and all pages of friends, and several
people at once.

Reads {"url", "client", "secret", "token", "fields", "limit", "ids"} from standard input, and prints what the
library returned, or the fields of the FacebookError that it raised. The library is as it is published; its
host is set as it provides for.
"""

import json
import sys

from pyfacebook import FacebookError, GraphAPI


def api_of(asked, **more):
    return GraphAPI(
        app_id=asked["client"],
        app_secret=asked["secret"],
        base_url=asked["url"] + "/",
        access_token_url=asked["url"] + "/oauth/access_token",
        version="v3.0",
        ignore_version_check=True,
        timeout=60,
        **more,
    )


def read(asked):
    app = api_of(asked, application_only_auth=True)
    user = api_of(asked, access_token=asked["token"])
    if asked.get("ids"):
        return user.get_objects(ids=",".join(asked["ids"]), fields=asked["fields"])
    exchanged = user.exchange_long_lived_user_access_token()
    user = api_of(asked, access_token=exchanged["access_token"])
    friends = user.get_full_connections(
        "me", "friends", count=None, limit=asked["limit"], fields=asked["fields"]
    )
    return {
        "me": user.get_object("me", fields=asked["fields"]),
        "friends": friends["data"],
        "permissions": user.get_connection("me", "permissions")["data"],
        "exchanged": exchanged,
        "token": app.debug_token(exchanged["access_token"])["data"],
        "bogus": app.debug_token("bogus")["data"],
        "used": user.rate_limit.get_limit().max_percent(),
    }


def main():
    asked = json.load(sys.stdin)
    try:
        found = read(asked)
    except FacebookError as error:
        found = {
            "raised": {
                "type": error.type,
                "code": error.code,
                "subcode": getattr(error, "error_subcode", None),
                "message": error.message,
            }
        }
    json.dump(found, sys.stdout)


main()
