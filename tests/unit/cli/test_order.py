from asynctasq.cli.order import Order


def test_an_order_arrives_as_it_was_given():
    order = Order(apps=("shop",), queues=("a", "b"), burst=True, processes=3, place=2, settings={"redis": {"db": "5"}})

    assert Order.loads(order.dumps()) == order


def test_an_order_shows_no_secrets():
    assert "hunter2" not in repr(Order(settings={"redis": {"password": "hunter2"}}))


def test_an_order_is_one_line():
    assert Order(settings={"redis": {"password": "a\nb"}}).dumps().count(b"\n") == 1
