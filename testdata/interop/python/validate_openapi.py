"""Judges an OpenAPI document with openapi-spec-validator, and every example in it by its own schema.

Takes the document's file, prints how many operations and examples there were, or fails with what is wrong.
"""

import json
import sys

from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator


def bodies(document):
    """Each media type object, with where it stands."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            place = f"{method} {path}"
            for media in operation.get("requestBody", {}).get("content", {}).values():
                yield f"{place}: request", media
            for status, response in operation["responses"].items():
                for media in response.get("content", {}).values():
                    yield f"{place}: {status}", media


def parameters(document):
    for name, parameter in document["components"]["parameters"].items():
        if "example" in parameter:
            yield f"parameter {name}", {"schema": parameter["schema"], "examples": {"": {"value": parameter["example"]}}}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        document = json.load(file)
    problems = [f"{list(error.absolute_path)}: {error.message}" for error in OpenAPIV31SpecValidator(document).iter_errors()]
    examples = 0
    for place, media in [*bodies(document), *parameters(document)]:
        schema = {**media.get("schema", {}), "components": document["components"]}
        for example in media.get("examples", {}).values():
            examples += 1
            for error in OAS31Validator(schema).iter_errors(example["value"]):
                problems.append(f"{place}: an example: {error.json_path}: {error.message}")
    if problems:
        sys.exit("\n".join(problems))
    operations = sum(len(item) for item in document["paths"].values())
    json.dump({"operations": operations, "examples": examples}, sys.stdout)


main()
