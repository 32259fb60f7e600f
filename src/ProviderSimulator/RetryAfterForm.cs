using System.Text.Json.Serialization;

namespace Pipeline.ProviderSimulator;

/// <summary>How a refusal says when to come back.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RetryAfterForm>))]
public enum RetryAfterForm
{
    /// <summary>As the provider does: whole seconds, and milliseconds beside them from OpenAI and Azure.</summary>
    Provider = 0,
    None = 1,

    /// <summary><c>retry-after</c> in whole seconds only.</summary>
    Seconds = 2,

    /// <summary><c>retry-after-ms</c> only.</summary>
    Milliseconds = 3,

    /// <summary><c>retry-after</c> as an HTTP date.</summary>
    Date = 4,
}
