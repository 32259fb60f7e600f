using System.Text.Json.Serialization;

namespace Pipeline.ProviderSimulator;

/// <summary>How the rate-limit headers look.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<HeaderForm>))]
public enum HeaderForm
{
    /// <summary>As the provider sends them.</summary>
    Provider = 0,

    /// <summary>None.</summary>
    Missing = 1,

    /// <summary>What remains is rounded to the nearest thousand, requests to the nearest ten.</summary>
    Rounded = 2,

    /// <summary>What remains is always -1.</summary>
    MinusOne = 3,

    /// <summary>What remains is always 0.</summary>
    Zero = 4,

    /// <summary>What remains is not a number.</summary>
    Garbage = 5,
}
