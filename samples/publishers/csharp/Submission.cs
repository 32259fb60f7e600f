using System.Text.Json.Nodes;

namespace Pipeline.PublisherSample;

/// <summary>One submission and what is known of it.</summary>
internal sealed class Submission(string key, JsonObject body)
{
    public string Key => key;

    public JsonObject Body => body;

    public string Agent { get; } = (string)body["agent"]!;

    public string Tenant { get; } = (string)body["tenant"]!;

    /// <summary>unsent, unknown, confirmed, refused, returned, or as the pipeline answered.</summary>
    public string State { get; set; } = "unsent";

    public string? InvocationId { get; set; }

    public string? Detail { get; set; }

    public int Attempts { get; set; }

    public long Due { get; set; }
}
