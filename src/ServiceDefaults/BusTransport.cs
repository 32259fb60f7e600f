namespace Pipeline.ServiceDefaults;

/// <summary>What carries the messages.</summary>
public enum BusTransport
{
    None = 0,
    RabbitMq = 1,
    InMemory = 2,
}
