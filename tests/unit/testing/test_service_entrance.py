from pathlib import Path

from okg.testing.service_entrance import ServiceEntrance

RULES = """-P PREROUTING ACCEPT
-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A PREROUTING -d 10.0.0.1/32 -i okg1 -p tcp -m tcp --dport 443 -j DNAT --to-destination 127.0.0.1:1
-A PREROUTING -d 10.0.0.1/32 -i okg0 -p tcp -m tcp --dport 443 -j DNAT --to-destination 127.0.0.1:2
"""


def test_closing_removes_the_rules_of_this_bridge_and_no_others(tmp_path: Path) -> None:
    (tmp_path / "rules").write_text(RULES)
    iptables = tmp_path / "iptables"
    iptables.write_text(
        "#!/bin/sh\n"
        f'if [ "$3" = -S ]; then cat {tmp_path}/rules; else echo "$@" >>{tmp_path}/calls; fi\n'
    )
    iptables.chmod(0o755)

    ServiceEntrance(iptables, "okg0").close()

    assert (tmp_path / "calls").read_text() == (
        "-t nat -D PREROUTING -d 10.0.0.1/32 -i okg0 -p tcp -m tcp --dport 443"
        " -j DNAT --to-destination 127.0.0.1:2\n"
    )
