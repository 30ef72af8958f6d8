"""A reader of server-sent events."""

import json


class Events:
    """The events of one stream, as they come."""

    def __init__(self, api, path, **options):
        self.answer = api.get(path, stream=True, timeout=20, **options)
        self.lines = self.answer.iter_lines(chunk_size=1)

    def next(self):
        """(name, id, data) of the next event; None: the stream is over."""
        fields = {}
        for line in self.lines:
            if not line and "event" in fields:
                return fields["event"], fields.get("id"), json.loads(fields["data"])
            name, colon, value = line.decode().partition(": ")
            if colon:
                fields[name] = value
        return None

    def rest(self):
        return list(iter(self.next, None))

    def close(self):
        self.answer.close()
