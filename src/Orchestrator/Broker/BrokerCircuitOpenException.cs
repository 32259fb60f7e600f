namespace Pipeline.Orchestrator.Broker;

/// <summary>The broker was not asked: the circuit of the connection beside the bus is open.</summary>
internal sealed class BrokerCircuitOpenException(string message) : Exception(message);
