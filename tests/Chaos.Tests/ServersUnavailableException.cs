namespace Pipeline.Chaos.Tests;

/// <summary>RabbitMQ and PostgreSQL cannot be started on this machine; the message says why.</summary>
internal sealed class ServersUnavailableException(string message, Exception inner) : Exception(message, inner);
