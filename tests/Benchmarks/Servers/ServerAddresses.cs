namespace Pipeline.Benchmarks.Servers;

/// <summary>The servers that the benchmarks use. They are not started here: their state belongs to the result.</summary>
internal sealed record ServerAddresses(Uri? RabbitMq, Uri? RabbitMqManagement, string? Postgres)
{
    /// <summary>The management API; ten thousand ports above AMQP where nothing else is said, as the default ports are.</summary>
    public Uri Management => RabbitMqManagement ?? new Uri($"http://{RabbitMq!.Host}:{(RabbitMq.Port > 0 ? RabbitMq.Port : 5672) + 10_000}/");
}
