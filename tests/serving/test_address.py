import socket

import pytest

from features.errors import ConfigError
from serving.address import refuse_taken


def test_a_port_at_which_another_listens_is_refused_in_one_sentence_before_anything_starts(
    tmp_path, tenure
):
    orders = "customer_id,ordered_at,amount\na,2025-01-01,1\n"
    (tmp_path / "orders.csv").write_text(orders)
    (tmp_path / "tenure.toml").write_text(
        '[business]\ncurrency = "EUR"\nchurn = "inactivity"\nhorizon_days = 7\n'
        '[histories.orders]\npath = "orders.csv"\n'
    )
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ran = tenure("serve", "--config", tmp_path / "tenure.toml", "--port", str(port))
    assert ran.code == 2
    said = " ".join(ran.err.split())
    assert f"can't listen at 127.0.0.1:{port} (Address already in use); stop what" in said
    assert "Traceback" not in ran.err
    refuse_taken("127.0.0.1", port)  # free again


def test_a_host_that_is_not_this_machine_is_refused():
    with pytest.raises(ConfigError, match=r"can't listen at no-such-host\.invalid:3000 \(.*--host"):
        refuse_taken("no-such-host.invalid", 3000)
