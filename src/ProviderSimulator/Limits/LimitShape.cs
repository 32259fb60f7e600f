using System.Text.Json.Serialization;

namespace Pipeline.ProviderSimulator.Limits;

/// <summary>How a provider counts against a limit a minute.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LimitShape>))]
public enum LimitShape
{
    /// <summary>A bucket that refills continuously and holds <see cref="LimitOptions.BurstSeconds"/> of the limit.</summary>
    Continuous = 0,

    /// <summary>An exact log: nothing admitted in the last window may exceed the limit.</summary>
    Sliding = 1,

    /// <summary>A counter that starts again at every full minute of the clock.</summary>
    FixedMinute = 2,

    /// <summary>A counter that starts again at every full short window, with the window's share of the limit.</summary>
    Quantised = 3,
}
