using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Pipeline.Cli.Submissions;
using Pipeline.Contracts.Explanations;
using Pipeline.Contracts.Invocations;

namespace Pipeline.Cli;

/// <summary>Generated at build time: reflection would be a good part of the command's life.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SubmitInvocation))]
[JsonSerializable(typeof(InvocationExplanation))]
[JsonSerializable(typeof(SubmissionResult))]
[JsonSerializable(typeof(JsonObject))]
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class CliJson : JsonSerializerContext
{
    /// <summary>For terminals and pipes, never for HTML: letters stay letters.</summary>
    public static CliJson Line { get; } = new(new JsonSerializerOptions(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
