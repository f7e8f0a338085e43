"""The WSDL of a Component Interface's service, generated from the present setup of the site; schemas inline, document/literal, SOAP 1.1.

Sources: clients of CI services (namespaces, `TypeShape` types, message parts named `parameter`), PeopleBooks (service and binding).
Names of types and ports: assumed.
"""

from __future__ import annotations

from systems.peoplesoft.simulator.definitions import Field, Shape
from systems.peoplesoft.simulator.services import Named, Operation, alias, message, namespace, operations

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<wsdl:definitions name="{name}.1" targetNamespace="{target}" xmlns:tns="{target}"'
    ' xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"'
    ' xmlns:xsd="http://www.w3.org/2001/XMLSchema"{messages}>\n'
)


def wsdl(site: Named, interface: str, address: str) -> str:
    """The document for one interface whose port is at `address`; with `Naming(seed, settings)` it needs no site."""
    name = f"CI_{interface}"
    held = [(operation, message(site, operation, "request"), message(site, operation, "response"))
            for operation in operations(site, interface)]  # fmt: skip
    spaces = "".join(f'\n  xmlns:{one}="{namespace(one)}"' for _, *pair in held for one in pair)
    target = f"http://xmlns.oracle.com/Enterprise/FSCM/services/{name}.1"
    parts = [_HEAD.format(name=name, target=target, messages=spaces), "<wsdl:types>\n"]
    for operation, asked, answered in held:
        parts += [request_schema(operation, asked), response_schema(operation, answered)]
    parts.append("</wsdl:types>\n")
    for operation, asked, answered in held:
        parts += [_message(asked, operation.element), _message(answered, f"{operation.element}Response")]
    parts.append(f'<wsdl:portType name="{name}_PortType">\n{"".join(_port_operation(*one) for one in held)}</wsdl:portType>\n')
    parts.append(
        f'<wsdl:binding name="{name}_Binding" type="tns:{name}_PortType">\n'
        '<soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>\n'
    )
    parts += [_bound(site, *one) for one in held]
    parts.append(
        f'</wsdl:binding>\n<wsdl:service name="{name}">\n<wsdl:port name="{name}_Port" binding="tns:{name}_Binding">\n'
        f'<soap:address location="{address}"/>\n</wsdl:port>\n</wsdl:service>\n</wsdl:definitions>\n'
    )
    return "".join(parts)


def schema_of(site: Named, interface: str, message_name: str) -> str | None:
    """The schema of one message, as `?Operation=GetSchema&xsd=` returns it; None if the message is not of this interface."""
    for operation in operations(site, interface):
        if message(site, operation, "request") == message_name:
            return request_schema(operation, message_name)
        if message(site, operation, "response") == message_name:
            return response_schema(operation, message_name)
    return None


def request_schema(operation: Operation, message_name: str) -> str:
    """Create takes the whole buffer, Get and Find the keys."""
    definition = operation.definition
    shape = definition.shape if operation.letter == "C" else Shape(definition.key_fields)
    return _schema(message_name, operation.element, _Types(shape).text(operation.element))


def response_schema(operation: Operation, message_name: str) -> str:
    """Create answers the keys below `detail`, Get the buffer, Find any number of keys."""
    definition, interface = operation.definition, operation.interface
    root = f"{operation.element}Response"
    if operation.letter == "G":
        return _schema(message_name, root, _Types(definition.shape).text(root))
    keys = _Types(Shape(definition.key_fields)).text(interface)
    inner = f'<xsd:element name="{interface}" type="m:{interface}_TypeShape" minOccurs="0" maxOccurs="{{many}}"/>'
    if operation.letter == "F":
        return _schema(message_name, root, keys + _complex(root, inner.format(many="unbounded")))
    detail = _complex("detail", inner.format(many="1"))
    body = (
        '<xsd:element name="notification" type="xsd:string" minOccurs="0"/>'
        '<xsd:element name="detail" type="m:detail_TypeShape" minOccurs="0"/>'
    )
    return _schema(message_name, root, keys + detail + _complex(root, body))


class _Types:
    """The types of a shape: one simple type per property, one complex type per collection."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._simple: dict[str, str] = {}
        self._complex: list[str] = []

    def text(self, root: str) -> str:
        """All types; the outermost is named after `root`."""
        self._add(root, self._shape)
        return "".join(self._simple.values()) + "".join(self._complex)

    def _add(self, name: str, shape: Shape) -> None:
        rows = ""
        for field in shape.fields:
            self._simple.setdefault(field.name, _simple(field))
            rows += f'<xsd:element name="{field.name}" type="m:{field.name}_TypeDef" minOccurs="0" nillable="true"/>'
        for member, part in shape.collections:
            self._add(member, part)
            rows += f'<xsd:element name="{member}" type="m:{member}_TypeShape" minOccurs="0" maxOccurs="unbounded"/>'
        self._complex.append(_complex(name, rows))


def _simple(field: Field) -> str:
    facets = {
        "c": f'base="xsd:string"><xsd:maxLength value="{field.size}"/>',
        "d": 'base="xsd:date">',
        "n": f'base="xsd:decimal"><xsd:totalDigits value="{field.size + field.places}"/><xsd:fractionDigits value="{field.places}"/>',
    }
    return f'<xsd:simpleType name="{field.name}_TypeDef"><xsd:restriction {facets[field.kind]}</xsd:restriction></xsd:simpleType>\n'


def _complex(name: str, rows: str) -> str:
    return f'<xsd:complexType name="{name}_TypeShape"><xsd:sequence>{rows}</xsd:sequence></xsd:complexType>\n'


def _schema(message_name: str, element: str, types: str) -> str:
    where = namespace(message_name)
    return (
        f'<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified" targetNamespace="{where}" xmlns:m="{where}">\n'
        f'<xsd:element name="{element}" type="m:{element}_TypeShape"/>\n{types}</xsd:schema>\n'
    )


def _message(name: str, element: str) -> str:
    return f'<wsdl:message name="{name}"><wsdl:part name="parameter" element="{name}:{element}"/></wsdl:message>\n'


def _port_operation(operation: Operation, asked: str, answered: str) -> str:
    return (
        f'<wsdl:operation name="{operation.name}"><wsdl:documentation>{operation.method} {operation.interface}</wsdl:documentation>'
        f'<wsdl:input name="{asked}" message="tns:{asked}"/><wsdl:output name="{answered}" message="tns:{answered}"/></wsdl:operation>\n'
    )


def _bound(site: Named, operation: Operation, asked: str, answered: str) -> str:
    return (
        f'<wsdl:operation name="{operation.name}"><soap:operation soapAction="{alias(site, operation)}" style="document"/>'
        f'<wsdl:input name="{asked}"><soap:body use="literal"/></wsdl:input>'
        f'<wsdl:output name="{answered}"><soap:body use="literal"/></wsdl:output></wsdl:operation>\n'
    )
