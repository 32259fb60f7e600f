namespace Pipeline.Chaos.Tests;

/// <summary>The pipeline does not move any more; the message says where everything stands.</summary>
internal sealed class StuckException(string message) : Exception(message);
