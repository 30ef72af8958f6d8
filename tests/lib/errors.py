"""The error bodies, as they stand in the reference, and one way to compare with them."""

UNAUTHORIZED = {"message": "401 Unauthorized"}
FORBIDDEN = {"message": "403 Forbidden"}
NO_PROJECT = {"message": "404 Project Not Found"}
NO_RECORD = {"message": "404 Not found"}
NOT_FOUND = {"message": "404 Not Found"}
NO_ROUTE = {"error": "404 Not Found"}
NOT_ALLOWED = {"error": "405 Not Allowed"}
NO_SCHEDULE = {"message": "404 Pipeline Schedule Not Found"}
MALFORMED_JSON = {
    "error": "\nProblem:\n  message body does not match declared format\nResolution:\n"
             "  when specifying application/json as content-type, you must pass valid "
             "application/json in the request's 'body' "
}


def invalid(field):
    return {"error": f"{field} is invalid"}


def bad_value(field):
    return {"error": f"{field} does not have a valid value"}


def missing(*fields):
    return {"error": ", ".join(f"{field} is missing" for field in fields)}


def base(*texts):
    return {"message": {"base": list(texts)}}


def model(**fields):
    return {"message": {field: [text] for field, text in fields.items()}}


def assert_answer(response, status, body):
    """Status, JSON body and content type, all at once: a difference shows them all."""
    seen = (response.status_code, response.headers.get("Content-Type"), response.text)
    assert response.status_code == status, seen
    assert response.headers.get("Content-Type") == "application/json", seen
    assert response.json() == body, seen
