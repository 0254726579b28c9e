"""Network types as people and programs read them."""

import msgspec

from okg.cloudprovider.catalog import Catalog, NetworkType
from okg.cloudprovider.features import Features
from okg.cloudprovider.grammar import flag, integer, items, pairs, parse_port_protocol
from okg.cloudprovider.parameters import Parameter, Parameters
from okg.cmd.network_report import as_document, as_pages, as_table, default_of

FIXED = Parameter(name="Fixed", grammar=flag(), meaning="whether it stays")
SIZE = Parameter(
    name="Size",
    grammar=integer(range(1, 9), 4),
    meaning="how many",
    required=True,
    changeable=False,
)
WELL = NetworkType(
    name="Acme-LB",
    alias="LB-Network",
    provider="Acme",
    obstacle="",
    parameters=Parameters(SIZE, FIXED, takes_others=True),
    features=Features(
        reach="a load balancer", makes=("Service", "Road"), keeps="Fixed", cut_off="a gate"
    ),
    pools=("p",),
)
SILENT = NetworkType(
    name="Mute-Net",
    alias="",
    provider="Mute",
    obstacle="Mute is asleep",
    parameters=None,
    features=Features(),
    pools=(),
)
CATALOG = Catalog({"Acme-LB": WELL, "Mute-Net": SILENT}, {"Picky": "no key"})


def test_the_table_has_a_line_for_each_type() -> None:
    assert as_table(CATALOG).splitlines() == [
        "TYPE      PROVIDER  ALIAS       REACHED THROUGH  KEPT BY  CUT OFF  NEEDS",
        "Acme-LB   Acme      LB-Network  a load balancer  Fixed    yes      Size",
        "Mute-Net  Mute      -           -                -        no       -",
        "note: Mute is asleep",
        "note: nothing is known of Picky: no key",
    ]


def test_a_page_says_everything() -> None:
    assert as_pages(CATALOG).splitlines() == [
        "Acme-LB of Acme, a kind of LB-Network",
        "  reached through  a load balancer",
        "  makes            Service, Road",
        "  address kept by  Fixed",
        "  cut off by       a gate",
        "  pool of ports    p",
        "",
        "  PARAMETER  DEFAULT  NEEDED  CHANGES  WRITE                 MEANING",
        "  Size       4        yes     no       a number from 1 to 8  how many",
        "  Fixed      false    no      yes      true or false         whether it stays",
        "  Entries of other names are passed on.",
        "",
        "Mute-Net of Mute",
        "  cannot be used: Mute is asleep",
        "  reached through  -",
        "  makes            nothing itself",
        "  address kept by  nothing",
        "  cut off by       nothing",
        "  pool of ports    none",
        "  says nothing of its parameters",
        "note: Mute is asleep",
        "note: nothing is known of Picky: no key",
    ]


def test_the_document_is_for_programs() -> None:
    document = msgspec.json.decode(as_document(Catalog({"Acme-LB": WELL}, {})))

    assert document == {
        "types": [
            {
                "name": "Acme-LB",
                "alias": "LB-Network",
                "provider": "Acme",
                "obstacle": "",
                "features": {
                    "reach": "a load balancer",
                    "makes": ["Service", "Road"],
                    "keeps": "Fixed",
                    "cutOff": "a gate",
                },
                "pools": ["p"],
                "parameters": [
                    {
                        "name": "Size",
                        "required": True,
                        "default": "4",
                        "changeable": False,
                        "grammar": "a number from 1 to 8",
                        "meaning": "how many",
                    },
                    {
                        "name": "Fixed",
                        "required": False,
                        "default": "false",
                        "changeable": True,
                        "grammar": "true or false",
                        "meaning": "whether it stays",
                    },
                ],
                "takesOthers": True,
            }
        ],
        "unknown": {},
    }


def test_no_default_is_written_as_nothing() -> None:
    ports = items("ports", parse_port_protocol)

    assert not default_of(Parameter(name="Ports", grammar=ports, meaning=""))
    assert not default_of(Parameter(name="Annotations", grammar=pairs("pairs"), meaning=""))
