"""Confluent's own client, on what `choreograph` wrote; and what it writes, for `choreograph` to read.

usage: confluent.py read URL SUBJECT | write URL SUBJECT FILE
"""

import json
import sys

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient, record_subject_name_strategy
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.serialization import MessageField, SerializationContext


def read(client, subject):
    """Serialises an event under the subject's latest schema, reads it again, and refuses one that breaks it."""
    latest = client.get_latest_version(subject)
    settings = {
        "auto.register.schemas": False,
        "use.latest.version": True,
        "subject.name.strategy": record_subject_name_strategy,
    }
    reading = {"use.latest.version": True, "subject.name.strategy": record_subject_name_strategy}
    write_event = JSONSerializer(latest.schema, client, conf=settings)
    read_event = JSONDeserializer(latest.schema, schema_registry_client=client, conf=reading)
    context = SerializationContext("orders", MessageField.VALUE)
    event = {"id": "7"}
    assert read_event(write_event(event, context), context) == event
    try:
        write_event({"id": 7}, context)
    except Exception as refused:
        assert "7" in str(refused) or "valid" in str(refused), refused
    else:
        raise SystemExit("an event that breaks its contract was written")
    print(json.dumps({"schema_id": latest.schema_id, "version": latest.version, "schema": latest.schema.schema_str}))


def write(client, subject, path):
    """Registers a schema as another team's service would."""
    with open(path, encoding="utf-8") as file:
        print(client.register_schema(subject, Schema(file.read(), "JSON")))


def main():
    command, url, *rest = sys.argv[1:]
    client = SchemaRegistryClient({"url": url})
    {"read": read, "write": write}[command](client, *rest)


main()
