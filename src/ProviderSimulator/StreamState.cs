using System.Text.Json.Serialization;

namespace Pipeline.ProviderSimulator;

/// <summary>How far a streamed answer came.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<StreamState>))]
public enum StreamState
{
    /// <summary>The answer was not streamed, or no stream began.</summary>
    None = 0,
    Complete = 1,

    /// <summary>The simulator cut it, or sent an error event.</summary>
    Broken = 2,

    /// <summary>The caller left.</summary>
    CallerGone = 3,
}
