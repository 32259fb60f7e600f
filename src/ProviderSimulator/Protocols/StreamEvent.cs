using System.Text.Json;

namespace Pipeline.ProviderSimulator.Protocols;

/// <summary>One server-sent event. <see cref="Write"/> null = OpenAI's closing <c>[DONE]</c>.</summary>
internal readonly record struct StreamEvent(string? Name, Action<Utf8JsonWriter>? Write);
