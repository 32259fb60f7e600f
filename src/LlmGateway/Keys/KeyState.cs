namespace Pipeline.LlmGateway.Keys;

/// <summary>Whether a key may be used, as <c>llmgw.key.state</c> shows it.</summary>
internal enum KeyState
{
    /// <summary>In use.</summary>
    Ready = 0,

    /// <summary>Was refused, and one call looks whether that is still so.</summary>
    Rechecking = 1,

    /// <summary>The provider does not take it (401, 403).</summary>
    Refused = 2,

    /// <summary>Its quota, credit or spend limit is used up.</summary>
    QuotaExhausted = 3,
}
