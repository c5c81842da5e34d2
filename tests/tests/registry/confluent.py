"""Events, by Confluent's own client for Python: what steps wrote it reads, and what it writes steps read.

usage: confluent.py read BOOTSTRAP REGISTRY TOPIC COUNT
       confluent.py write BOOTSTRAP REGISTRY TOPIC prefix|header SCHEMA EVENT…

`read` prints a line of JSON for each event. An EVENT is JSON with `id` and `value`. A login for the registry is taken
from REGISTRY_USER_INFO.
"""

import json
import os
import sys
import time

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.schema_registry import (
    SchemaRegistryClient,
    header_schema_id_serializer,
    prefix_schema_id_serializer,
    record_subject_name_strategy,
)
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.serialization import MessageField, SerializationContext, SerializationError

SUBJECTS = {"subject.name.strategy": record_subject_name_strategy}
FORMS = {"prefix": prefix_schema_id_serializer, "header": header_schema_id_serializer}
WITHIN_S = 60


def read(bootstrap, client, topic, count):
    """Reads so many events, each checked against the schema that its record names."""
    known = JSONDeserializer(None, schema_registry_client=client, conf=SUBJECTS)
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "python", "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, 0, 0)])
    until, left = time.monotonic() + WITHIN_S, int(count)
    while left > 0:
        message = consumer.poll(1.0)
        if message is None:
            assert time.monotonic() < until, f"{left} events more did not come"
            continue
        assert message.error() is None, message.error()
        context = SerializationContext(topic, MessageField.VALUE, message.headers())
        event = known(message.value(), context)
        try:
            known(b'{"spoilt":true}', context)
        except SerializationError:
            print(json.dumps(event))
        else:
            raise SystemExit("it was not checked: an event that breaks its contract was read")
        left -= 1
    consumer.close()


def write(bootstrap, client, topic, form, schema, *events):
    """Writes events with the headers of CloudEvents, the schema registered as this client does it by itself."""
    # It would refuse what breaks the schema; whoever turns that off writes such events.
    settings = {**SUBJECTS, "schema.id.serializer": FORMS[form], "validate": False}
    serialized = JSONSerializer(schema, client, conf=settings)
    producer = Producer({"bootstrap.servers": bootstrap})
    for text in events:
        event = json.loads(text)
        headers = [
            ("ce_specversion", b"1.0"),
            ("ce_id", event["id"].encode()),
            ("ce_source", b"/python"),
            ("ce_type", b"order.placed.v1"),
            ("ce_dataschema", json.loads(schema)["$id"].encode()),
            ("content-type", b"application/json"),
        ]
        value = serialized(event["value"], SerializationContext(topic, MessageField.VALUE, headers))
        producer.produce(topic, value, key=event["id"], headers=headers)
    assert producer.flush(WITHIN_S) == 0, "not acknowledged"


def main():
    command, bootstrap, url, *rest = sys.argv[1:]
    login = os.environ.get("REGISTRY_USER_INFO")
    client = SchemaRegistryClient({"url": url, **({"basic.auth.user.info": login} if login else {})})
    {"read": read, "write": write}[command](bootstrap, client, *rest)


main()
