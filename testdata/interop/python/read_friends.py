"""What a partner's program does with facebook-sdk: reads its user, then all of the user's friends.

Reads {"url", "token", "fields", "limit"} from standard input, and prints what the library returned, or
the fields of the GraphAPIError that it raised. The library is as it is published, but for its host.
"""

import json
import sys

import facebook


def read(asked):
    graph = facebook.GraphAPI(access_token=asked["token"], version="3.0", timeout=60)
    me = graph.get_object("me", fields=asked["fields"])
    pages = graph.get_all_connections("me", "friends", fields=asked["fields"], limit=asked["limit"])
    friends = list(pages)
    again = graph.get_object(friends[0]["id"], fields=asked["fields"])
    return {"me": me, "friends": friends, "again": again, "version": graph.get_version()}


def main():
    asked = json.load(sys.stdin)
    facebook.FACEBOOK_GRAPH_URL = asked["url"] + "/"
    try:
        found = read(asked)
    except facebook.GraphAPIError as error:
        result = error.result["error"]
        found = {
            "raised": error.type,
            "code": error.code,
            "subcode": result.get("error_subcode"),
            "message": error.message,
        }
    json.dump(found, sys.stdout)


main()
