using System.Text.Json;

namespace Pipeline.LlmGateway.Providers;

/// <summary>Reads members of an answer; what is missing or of another type becomes a <see cref="JsonException"/> that names the member.</summary>
internal static class AnswerReading
{
    /// <summary>What <paramref name="read"/> finds; null where the answer is of another shape.</summary>
    public static T? Try<T>(JsonElement root, Func<JsonElement, T> read)
        where T : class
    {
        try
        {
            return read(root);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    extension(JsonElement element)
    {
        public JsonElement RequireObject(string name) => element.Require(name, JsonValueKind.Object);

        public JsonElement RequireArray(string name) => element.Require(name, JsonValueKind.Array);

        public string RequireString(string name) => element.Require(name, JsonValueKind.String).GetString()!;

        /// <summary>The text; null where the member is absent or null.</summary>
        public string? OptionalString(string name) =>
            element.Optional(name) is not { } value ? null
            : value.ValueKind == JsonValueKind.String ? value.GetString()
            : throw new JsonException($"'{name}' is {value.ValueKind} instead of a string");

        public int RequireCount(string name) => Count(element.Require(name, JsonValueKind.Number), name);

        /// <summary>The number; 0 where the member is absent or null.</summary>
        public int OptionalCount(string name) => element.Optional(name) is { } value ? Count(value, name) : 0;

        /// <summary>The member; null where it is absent or null.</summary>
        public JsonElement? Optional(string name) =>
            element.ValueKind != JsonValueKind.Object ? throw new JsonException($"'{name}' is looked for in {element.ValueKind} instead of an object")
            : element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value
            : null;

        private JsonElement Require(string name, JsonValueKind kind) =>
            element.Optional(name) is not { } value ? throw new JsonException($"'{name}' is missing")
            : value.ValueKind == kind ? value
            : throw new JsonException($"'{name}' is {value.ValueKind} instead of {kind}");
    }

    // Bounded so that the sum of a few counts is still an int.
    private static int Count(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var count) && count is >= 0 and <= 500_000_000
            ? count
            : throw new JsonException($"'{name}' is '{value.GetRawText()}' instead of a count");
}
