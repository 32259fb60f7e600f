using Pipeline.SagaStore.Outgoing;

namespace Pipeline.SagaStore.Tests.Outgoing;

/// <summary>Rows written by one version are read by the next: a rolling upgrade, and an outbox that was full when the old version stopped.</summary>
public sealed class StoredFormatTests
{
    private static readonly string Snapshot = Path.Combine(AppContext.BaseDirectory, "Outgoing", "stored-messages.v1.bin");

    private static readonly StoredMessage Full = new()
    {
        MessageId = new Guid("0f8fad5b-d9cb-469f-a165-70867728950e"),
        Destination = new Uri("rabbitmq://broker/vhost/llm.default?durable=true"),
        ContentType = "application/vnd.masstransit+json",
        Body = "{\"ünïcode\":true}"u8.ToArray(),
        Composer = "Sample.Reference",
        RequestId = new Guid("7c9e6679-7425-40de-944b-e07fc1f90ae7"),
        CorrelationId = new Guid("7c9e6679-7425-40de-944b-e07fc1f90ae8"),
        ConversationId = new Guid("7c9e6679-7425-40de-944b-e07fc1f90ae9"),
        InitiatorId = new Guid("7c9e6679-7425-40de-944b-e07fc1f90aea"),
        Source = new Uri("rabbitmq://broker/vhost/order"),
        ResponseAddress = new Uri("rabbitmq://broker/vhost/response"),
        FaultAddress = new Uri("rabbitmq://broker/vhost/fault"),
        ExpiresAt = new DateTime(2026, 11, 20, 12, 0, 0, DateTimeKind.Utc),
        TraceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        MessageTypes = ["urn:message:Sample:One", "urn:message:Sample:Two"],
        Headers = new Dictionary<string, object> { ["text"] = "value", ["number"] = 7L, ["yes"] = true },
        Properties = new Dictionary<string, object> { ["RMQ-RoutingKey"] = "acme.agent.completed" },
    };

    private static readonly StoredMessage Bare = new()
    {
        MessageId = new Guid("0f8fad5b-d9cb-469f-a165-70867728950f"),
        Destination = new Uri("exchange:order"),
        ContentType = "application/json",
        Body = [],
    };

    [Fact]
    public void Rows_of_version_1_can_be_read()
    {
        var messages = StoredMessage.Unpack(File.ReadAllBytes(Snapshot));

        Assert.Equal(2, messages.Count);
        Assert.Equivalent(Full, messages[0], strict: true);
        Assert.Equivalent(Bare, messages[1], strict: true);
    }

    [Fact]
    public void What_is_written_is_still_version_1() =>
        // Fails when the format changes: then raise the version, keep reading this one, and add a snapshot of the new one beside it.
        Assert.Equal(File.ReadAllBytes(Snapshot), StoredMessage.Pack([Full, Bare]));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100)]
    public void Bytes_that_end_too_early_are_refused_by_name(int length) =>
        Assert.Throws<InvalidDataException>(() => StoredMessage.Unpack(File.ReadAllBytes(Snapshot)[..length]));
}
