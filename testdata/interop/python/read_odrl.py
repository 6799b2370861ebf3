"""Reads an ODRL policy with rdflib, and says what SPARQL finds in it.

Takes the policy on standard input, JSON-LD that names ODRL's context; prints a JSON document. The context is not
fetched: `odrl_context.json` stands in its place, the same terms as far as they are asked for here.
"""

import json
import pathlib
import sys

from rdflib import Graph, Literal, URIRef
from rdflib.namespace import ODRL2

CONTEXT = "http://www.w3.org/ns/odrl.jsonld"

PREFIXES = """
PREFIX odrl: <http://www.w3.org/ns/odrl/2/>
PREFIX vcard: <http://www.w3.org/2006/vcard/ns#>
PREFIX cs: <urn:countersign:odrl:1:>
"""

AGREEMENT = """
SELECT ?policy ?profile ?conflict ?name ?assignee WHERE {
  ?policy a odrl:Agreement ; odrl:profile ?profile ; odrl:conflict ?conflict ;
    odrl:assigner/vcard:fn ?name ; odrl:assignee ?assignee .
}"""

MAY_READ = """
SELECT ?assigner ?assignee ?name ?purpose ?relation ?field ?from (MIN(?until) AS ?ends) WHERE {
  ?policy a odrl:Agreement ; odrl:permission ?permission .
  ?permission odrl:action odrl:read ; odrl:assigner ?assigner ; odrl:assignee ?assignee ; odrl:target ?field ;
    odrl:constraint
      [ odrl:leftOperand odrl:purpose ; odrl:operator odrl:eq ; odrl:rightOperand ?purpose ],
      [ odrl:leftOperand cs:purposeName ; odrl:operator odrl:eq ; odrl:rightOperand ?name ],
      [ odrl:leftOperand cs:relation ; odrl:operator odrl:eq ; odrl:rightOperand ?relation ],
      [ odrl:leftOperand odrl:dateTime ; odrl:operator odrl:gteq ; odrl:rightOperand ?from ],
      [ odrl:leftOperand odrl:dateTime ; odrl:operator odrl:lt ; odrl:rightOperand ?until ] .
} GROUP BY ?assigner ?assignee ?name ?purpose ?relation ?field ?from"""

COUNTRIES = """
SELECT DISTINCT ?country WHERE {
  ?permission odrl:action odrl:read ;
    odrl:constraint [ odrl:leftOperand odrl:spatial ; odrl:operator odrl:isAnyOf ; odrl:rightOperand ?country ] .
}"""

THROUGH = """
SELECT DISTINCT ?client ?route WHERE {
  ?permission odrl:action odrl:read ; odrl:constraint
    [ odrl:leftOperand odrl:product ; odrl:operator odrl:eq ; odrl:rightOperand ?client ],
    [ odrl:leftOperand cs:route ; odrl:operator odrl:eq ; odrl:rightOperand ?route ] .
}"""

MAY_PASS_ON_TO = """
SELECT DISTINCT ?recipient WHERE {
  ?policy odrl:permission [ odrl:action odrl:distribute ;
    odrl:constraint [ odrl:leftOperand odrl:recipient ; odrl:operator odrl:isAnyOf ; odrl:rightOperand ?recipient ] ] .
}"""

MAY_NOT_PASS_ON = """
SELECT DISTINCT ?field WHERE { ?policy odrl:prohibition [ odrl:action odrl:distribute ; odrl:target ?field ] . }"""

MUST_DELETE = """
SELECT DISTINCT ?event ?within WHERE {
  ?policy odrl:obligation [ odrl:action odrl:delete ; odrl:constraint
    [ odrl:leftOperand odrl:event ; odrl:operator odrl:gt ; odrl:rightOperand ?event ],
    [ odrl:leftOperand odrl:elapsedTime ; odrl:operator odrl:lteq ; odrl:rightOperand ?within ] ] .
}"""


def text(value):
    """A value as it was written; instants and durations are not turned into Python's."""
    return str(value)


def rows(graph, query):
    found = sorted([text(value) for value in row] for row in graph.query(PREFIXES + query))
    return [row[0] for row in found] if found and len(found[0]) == 1 else found


def terms(graph):
    """Every term of ODRL's namespace that is in the graph."""
    nodes = {node for triple in graph for node in triple if isinstance(node, URIRef)}
    return sorted(str(node)[len(str(ODRL2)) :] for node in nodes if str(node).startswith(str(ODRL2)))


def main():
    policy = json.load(sys.stdin)
    here = pathlib.Path(__file__).parent
    context = json.loads((here / "odrl_context.json").read_text(encoding="utf-8"))["@context"]
    contexts = policy["@context"]
    assert contexts[0] == CONTEXT, contexts
    policy["@context"] = [context, *contexts[1:]]
    graph = Graph()
    graph.parse(data=json.dumps(policy), format="json-ld")
    known = set(ODRL2.__annotations__)
    used = terms(graph)
    iris = [value for value in graph.objects() if isinstance(value, Literal) and ":" in value and value.datatype is None]
    json.dump(
        {
            "agreement": rows(graph, AGREEMENT)[0],
            "may_read": rows(graph, MAY_READ),
            "countries": rows(graph, COUNTRIES),
            "through": rows(graph, THROUGH),
            "may_pass_on_to": rows(graph, MAY_PASS_ON_TO),
            "may_not_pass_on": rows(graph, MAY_NOT_PASS_ON),
            "must_delete": rows(graph, MUST_DELETE),
            "known_terms": len([term for term in used if term in known]),
            "unknown_terms": [term for term in used if term not in known],
            "literals_that_are_iris": sorted(str(value) for value in iris),
        },
        sys.stdout,
    )


main()
