"""A queue on RabbitMQ: quorum queues, confirmed publishing, and a client that pipelines what it asks."""
